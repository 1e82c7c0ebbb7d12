"""Cannot be imported: what it needs is not there."""

import a_module_that_nobody_has  # noqa: F401
