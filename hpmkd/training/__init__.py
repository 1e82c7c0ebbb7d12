"""Fits students: one trial, the finalists on all rows, the ensemble of the best."""
