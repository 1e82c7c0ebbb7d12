import inspect

from hpmkd.kernels import _backprop, _jit, _predict, _refit, warming
from hpmkd.kernels._packed import calls, dicts, fusing, links, pools, students
from hpmkd.kernels.backends import numba


def dispatchers():
    """Every kernel that is called from outside of its file, or of its folder."""
    inside = {"vexp", "vlog", "vlog_ratio", "leaf_of", "em_step"}
    inside |= {"add_product", "add_transposed_product", "row_slope", "adam"}
    found = {
        (module.__name__, name): value
        for module in (_backprop, _jit, _predict, _refit)
        for name, value in vars(module).items()
        if hasattr(value, "signatures") and not name.startswith("_") and name not in inside
    }
    packed_ones = (
        *(links.link_rows, fusing.fuse_rows, students.all_32, students.all_64),
        *(students.plain_32, students.plain_64, pools.all_64, pools.plain_64),
    )
    return {**found, **dict(enumerate(packed_ones))}


def test_every_kernel_is_made(by_numba):
    for name, compile_all in warming.steps():
        assert name
        compile_all()
    found = dispatchers()
    assert len(found) > 20
    assert [name for name, kernel in found.items() if not kernel.signatures] == []
    by_python = list(filter(_is_of_python, [*vars(calls).values(), *vars(dicts).values()]))
    assert numba._method.cache_info().currsize == len(by_python) > 8


def _is_of_python(value):
    """Return whether Python calls a function with addresses of objects."""
    made = inspect.isfunction(value) and value.__module__ in (calls.__name__, dicts.__name__)
    return made and not value.__name__.startswith("_")


def test_the_cache_is_where_numba_says():
    assert warming.cache_folder() == type(warming.cache_folder())(students.all_32.stats.cache_path)
