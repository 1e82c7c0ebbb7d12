"""Layer 1 of the method: which hyperparameters, temperature and alpha each student gets.

`loop` evaluates what the sampler requests until it converges or the `budget` is spent;
`warm_start` takes first suggestions from the memory of other data sets.
"""
