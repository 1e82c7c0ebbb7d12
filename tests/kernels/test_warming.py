from hpmkd.kernels import _backprop, _jit, _packed, _predict, _refit, warming


def dispatchers():
    """Every kernel that is called from outside of its file."""
    inside = {"vexp", "vlog", "vlog_ratio", "leaf_of", "link_row"}
    return {
        (module.__name__, name): value
        for module in (_backprop, _jit, _packed, _predict, _refit)
        for name, value in vars(module).items()
        if hasattr(value, "signatures") and not name.startswith("_") and name not in inside
    }


def test_every_kernel_is_made():
    for name, compile_all in warming.steps():
        assert name
        compile_all()
    found = dispatchers()
    assert len(found) > 20
    assert [name for name, kernel in found.items() if not kernel.signatures] == []


def test_the_cache_is_where_numba_says():
    assert warming.cache_folder() == type(warming.cache_folder())(_packed.code_32.stats.cache_path)
