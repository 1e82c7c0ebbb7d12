def report(frame): return frame.to_string()
