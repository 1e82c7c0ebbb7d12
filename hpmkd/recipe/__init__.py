"""What runs: settings, limits, and the components that they name."""
