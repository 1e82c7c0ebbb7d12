"""The default exporters: an ONNX graph, and JSON that a person can read."""
