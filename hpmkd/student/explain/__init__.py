"""What a student says in words: rules, and terms of a linear model."""
