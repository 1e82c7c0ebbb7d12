"""How figures and tables are drawn."""
