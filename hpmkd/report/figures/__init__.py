"""What each figure of the report shows."""
