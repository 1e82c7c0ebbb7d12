"""Students as one Python file that needs nothing but Python."""
