"""The parts of the file that are the same for all students: templates in C."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files

_PLACE = re.compile(r"@(\w+)@")


@dataclass(frozen=True)
class Templates:
    """The templates of this folder, in which ``prefix_`` and ``PREFIX_`` begin what is public.

    Parameters
    ----------
    prefix : str
        What takes the place of ``prefix``.
    """

    prefix: str

    def filled(self, name: str, **parts: object) -> str:
        """Return a template with every ``@name@`` replaced by the part of that name.

        The parts stay as they are: a column may have the name ``prefix_``.
        """
        text = files(__package__).joinpath("templates", name).read_text("utf-8")
        text = text.replace("prefix_", f"{self.prefix}_")
        text = text.replace("PREFIX_", f"{self.prefix.upper()}_")
        return _PLACE.sub(lambda found: str(parts[found[1]]), text)
