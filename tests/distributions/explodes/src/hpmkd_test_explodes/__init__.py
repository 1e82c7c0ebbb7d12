"""Loads and resolves without complaint; fails in the middle of a run."""

from types import MappingProxyType

from hpmkd import Offer, hookimpl


class ExplodingFuser:
    def fit(self, probabilities, labels, table):
        raise ZeroDivisionError("the fuser has blown")


class ExplodingStage:
    encoding = "linear"
    complexity = 0
    defaults = MappingProxyType({})

    def space(self, trial):
        return {}

    def fit(self, inputs):
        raise ZeroDivisionError("the stage has blown")


@hookimpl
def hpmkd_fusers():
    return [Offer("dynamite", ExplodingFuser, "fails in fit")]


@hookimpl
def hpmkd_stages():
    return [Offer("gunpowder", ExplodingStage, "fails in fit")]


@hookimpl
def hpmkd_trial_finished(trial):
    raise ZeroDivisionError("the observer has blown")
