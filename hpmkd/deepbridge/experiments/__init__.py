"""Methods on data sets with seeds: what ExperimentRunner runs, keeps and shows."""
