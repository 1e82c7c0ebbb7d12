"""Offers a fuser under the name of another's; whichever won, results would change silently."""

from hpmkd import Offer, hookimpl


@hookimpl
def hpmkd_fusers():
    return [Offer("mean", dict, "not the mean that you mean")]
