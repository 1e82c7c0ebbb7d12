"""Layer 2, progression: students that build on students, each link gated."""
