"""hpmkd."""
