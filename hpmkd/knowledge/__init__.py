"""Layer 3, teachers: out-of-fold probabilities, fused into one soft target per row."""
