"""Teachers: panels of scikit-learn classifiers that read the raw table."""
