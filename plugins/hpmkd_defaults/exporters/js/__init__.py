"""Students as JavaScript modules, and their types for TypeScript."""
