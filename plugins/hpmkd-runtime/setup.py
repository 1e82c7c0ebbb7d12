"""Builds the package of hpmkd's own modules, and the C kernel where there is a compiler."""

import os
import sys
from glob import glob
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))  # which isolated builds leave out
import vendoring  # noqa: E402

HOST = vendoring.host_of(ROOT)
#: Products that are added without being rounded first would have other bits.
FLAGS = ["-std=c99", "-ffp-contract=off", "-fno-math-errno", "-fvisibility=hidden", "-g0"]
if "-O" not in os.environ.get("CFLAGS", ""):  # who builds may say how much to optimise
    FLAGS.append("-O3")
LIMITED = "0x030B0000"  # the interface of Python that 3.11 and all later ones keep


class BuildModules(build_py):
    """Writes the modules of hpmkd beside those of the package."""

    def run(self) -> None:
        """Build the package."""
        super().run()
        if not self.editable_mode:
            package = Path(self.build_lib, vendoring.PACKAGE)
            vendoring.clear(package)
            vendoring.write_modules(HOST, package)


class SourceDistribution(sdist):
    """Adds what is built from."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        """Write what becomes the archive."""
        super().make_release_tree(base_dir, files)
        vendoring.copy_sources(HOST, Path(base_dir, "hpmkd"))


headers = HOST / vendoring.HEADERS
kernel = Extension(
    f"{vendoring.PACKAGE}._kernel",
    sources=sorted(glob("kernel/*.c")),
    depends=sorted([*glob("kernel/*.h"), *map(str, headers.glob("*.h"))]),
    include_dirs=["kernel", str(headers)],
    define_macros=[("Py_LIMITED_API", LIMITED)],
    extra_compile_args=FLAGS,
    py_limited_api=True,
    optional=True,
)
setup(
    ext_modules=[kernel],
    cmdclass={"build_py": BuildModules, "sdist": SourceDistribution},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
