"""Students as flat arrays for the kernels."""
