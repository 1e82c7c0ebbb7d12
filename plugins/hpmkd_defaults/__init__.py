"""The default plugins: what hpmkd offers through the same door as anyone.

This module is imported whenever plugins are looked for, so it imports nothing heavy;
each factory imports its component when a run asks for it.
"""
