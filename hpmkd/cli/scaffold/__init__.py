"""The start of a plugin: ``hpmkd plugin new`` writes a distribution that works."""
