"""What executors, third-party ones too, use: shared data, retries, threads, process trees."""
