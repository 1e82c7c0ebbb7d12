"""Layer 1, configuration: ask the sampler, evaluate, tell; within a budget, from a warm start."""
