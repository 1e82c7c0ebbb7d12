"""The default student families. Each module is imported by its offer's factory alone."""
