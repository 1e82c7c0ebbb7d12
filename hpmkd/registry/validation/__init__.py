"""Checks what components return, so that an error names the plugin."""
