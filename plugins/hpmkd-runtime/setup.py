"""Builds the C kernel; where there is no compiler, the wheel does without."""

from glob import glob
from pathlib import Path

from setuptools import Extension, setup

#: The headers that answer for a row: of the checkout, or as a source distribution holds them.
HEADERS = next(folder for folder in ("../../hpmkd/kernels/c", "headers") if Path(folder).is_dir())
#: Products that are added without being rounded first would have other bits.
FLAGS = ["-std=c99", "-O3", "-ffp-contract=off", "-fno-math-errno", "-fvisibility=hidden"]
LIMITED = "0x030B0000"  # the interface of Python that 3.11 and all later ones keep

kernel = Extension(
    "hpmkd_runtime._kernel",
    sources=sorted(glob("kernel/*.c")),
    depends=sorted([*glob("kernel/*.h"), *glob(f"{HEADERS}/*.h")]),
    include_dirs=["kernel", HEADERS],
    define_macros=[("Py_LIMITED_API", LIMITED)],
    extra_compile_args=FLAGS,
    py_limited_api=True,
    optional=True,
)
setup(ext_modules=[kernel], options={"bdist_wheel": {"py_limited_api": "cp311"}})
