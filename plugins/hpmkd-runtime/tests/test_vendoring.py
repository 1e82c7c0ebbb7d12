"""The modules of hpmkd under the name of the distribution."""

import ast
import sys
import tomllib

import pytest

import hpmkd
import hpmkd_runtime

from .conftest import HOST, PLUGIN

OWN = PLUGIN / "src" / "hpmkd_runtime"


@pytest.fixture(scope="module")
def package(vendoring, tmp_path_factory):
    """The package as it is built, but for the C kernel."""
    folder = tmp_path_factory.mktemp("package") / "hpmkd_runtime"
    for path in OWN.glob("*.py*"):
        vendoring._place(folder / path.name).write_bytes(path.read_bytes())
    vendoring.write_modules(HOST, folder)
    return folder


def imported(tree):
    """Return the modules that a module imports, and whether they are needed to run."""
    skipped = {
        id(each)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for each in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield node.module, id(node) not in skipped
        elif isinstance(node, ast.Import):
            for each in node.names:
                yield each.name, id(node) not in skipped


def test_only_imports_are_renamed(vendoring):
    source = (
        '"""Of hpmkd.student, see hpmkd.files.\n\n>>> from hpmkd.student import Student\n"""\n'
        "from hpmkd.errors import DataError\n"
        "def f():\n    from hpmkd.kernels import packed\n    import hpmkd_defaults\n"
        'TEXT = "hpmkd.student"  # from hpmkd.errors\n'
    )
    assert vendoring.renamed(source) == (
        '"""Of hpmkd.student, see hpmkd.files.\n\n>>> from hpmkd_runtime.student import Student\n'
        '"""\nfrom hpmkd_runtime.errors import DataError\n'
        "def f():\n    from hpmkd_runtime.kernels import packed\n    import hpmkd_defaults\n"
        'TEXT = "hpmkd.student"  # from hpmkd.errors\n'
    )


def test_all_that_runs_is_there(package):
    # numba's kernels are looked for and not found; the kernel is the compiler's to make.
    absent = {"hpmkd_runtime._kernel"}
    optional = {"hpmkd_runtime.kernels.background"}  # of what is compiled at its first use
    for path in package.rglob("*.py"):
        for name, needed in imported(ast.parse(path.read_text("utf-8"))):
            top = name.partition(".")[0]
            assert top != "hpmkd", path
            if top == "hpmkd_runtime" and needed and name not in absent | optional:
                target = package.joinpath(*name.split(".")[1:])
                assert target.with_suffix(".py").exists() or target.is_dir(), (path, name)
            elif needed and top not in ("hpmkd_runtime", "numpy"):
                # Frames, and rows spelt so oddly that pandas has to read them.
                assert top in {*sys.stdlib_module_names, "pandas", "pyarrow"}, (path, name)


def test_a_name_of_both_is_refused(vendoring, tmp_path):
    (tmp_path / "errors.py").write_text("")
    with pytest.raises(ValueError, match=r"errors\.py is of hpmkd_runtime and of hpmkd"):
        vendoring.write_modules(HOST, tmp_path)


def test_what_an_earlier_build_left_is_removed(vendoring, tmp_path):
    vendoring.write_modules(HOST, tmp_path)
    (tmp_path / "student" / "gone.py").write_text("")
    (tmp_path / "loading.py").write_text("")
    vendoring.clear(tmp_path)
    assert [path.name for path in tmp_path.rglob("*.py")] == ["loading.py"]


def test_a_folder_without_sources_says_what_to_do(vendoring, tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="build in a checkout of hpmkd, or from an sdist"):
        vendoring.host_of(tmp_path / "a" / "b")


def test_it_has_the_version_of_hpmkd_and_needs_numpy_alone():
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text("utf-8"))["project"]
    assert hpmkd_runtime.__version__ == hpmkd.__version__
    assert [each.partition(">")[0] for each in project["dependencies"]] == ["numpy"]
    assert (PLUGIN / "LICENSE").read_bytes() == (HOST.parent / "LICENSE").read_bytes()
