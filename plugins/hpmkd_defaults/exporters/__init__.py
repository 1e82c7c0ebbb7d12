"""The default exporters: each writes a student in a format of its own."""
