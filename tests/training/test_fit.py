"""What is done before the first fit of a process."""

import subprocess
import sys
import textwrap


def test_numba_is_loaded_where_it_will_be_needed():
    """In a process of its own: here, numba may have been used already."""
    script = """
    import sys
    from hpmkd.training.fit import FitContext, get_ready

    fitting = FitContext({}, {}, None, 0)
    get_ready(fitting)
    assert "numba" not in sys.modules
    import numba

    get_ready(fitting)
    before = {*sys.modules}
    numba.njit(lambda number: number + 1)(1)
    assert not {each for each in {*sys.modules} - before if each.startswith("numba.np")}
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True)
