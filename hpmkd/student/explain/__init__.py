"""A student in words: rules, and terms of a linear model."""
