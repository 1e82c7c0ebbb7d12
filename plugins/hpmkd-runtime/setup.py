"""Builds the C kernel; where there is no compiler, the wheel does without."""

from glob import glob

from setuptools import Extension, setup

FLAGS = ["-std=c99", "-O3", "-ffp-contract=off"]  # contracted sums would have other bits
PACKAGE = "src/hpmkd_runtime"

kernel = Extension(
    "hpmkd_runtime._kernel",
    sources=sorted(glob(f"{PACKAGE}/_kernel*.c")),
    depends=sorted(glob(f"{PACKAGE}/_kernel*.h")),
    extra_compile_args=FLAGS,
    optional=True,
)
setup(ext_modules=[kernel])
