"""What hpmkd claims, measured: a folder per subject; ``python -m benchmarks`` lists them."""
