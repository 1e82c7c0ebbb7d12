"""Students as JSON: a form for people, and for programs in any language."""
