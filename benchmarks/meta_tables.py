"""Tables of the benchmark of the meta scheduler."""


def written(found):
    return (
        found.groupby(["stage", "arm"])[["log_loss", "accuracy", "alpha", "temperature", "learned"]]
        .mean()
        .to_string()
    )
