"""The default rules of transfer. Each module is imported by its offer's factory alone."""
