"""Measurements of hpmkd's claims: a folder per subject; ``python -m benchmarks`` lists them."""
