"""The result of a run and its folder: save, load, checkpoint, resume, export."""
