"""Students as one file of C99 that needs nothing else."""
