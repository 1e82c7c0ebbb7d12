"""The default transfer rules. Each module is imported by its offer's factory alone."""
