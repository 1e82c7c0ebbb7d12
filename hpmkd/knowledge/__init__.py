"""Layer 3 of the method: what the teachers know, fused into one soft target per row.

`teachers`, `panels` and `loading` resolve which models these are; `predictor` and `crossfit` get
their out-of-fold probabilities; `regime` detects teachers that saw the labels; `fusion` and
`builder` make the soft targets.
"""
