"""Raw columns: their schema, and how cells are read."""
