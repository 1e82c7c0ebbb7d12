"""What ``hpmkd doctor`` looks at: software, machine, places to write."""
