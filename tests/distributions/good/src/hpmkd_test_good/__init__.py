"""What a third party adds: a fuser, a student family and a command. Light to import."""

from hpmkd import Offer, hookimpl


@hookimpl
def hpmkd_fusers():
    return [Offer("median", median, "the median teacher, renormalised")]


@hookimpl
def hpmkd_stages():
    place = "hpmkd_test_good.naive_bayes:NaiveBayes"
    return [Offer("naive_bayes", place, "Gaussian naive Bayes of one variance per column")]


@hookimpl
def hpmkd_commands(group):
    import click

    @group.command("hello")
    @click.argument("name")
    def hello(name):
        """Greet somebody."""
        click.echo(f"Hello {name}, from a plugin")


def median(*, floor: float = 1e-9):
    from hpmkd_test_good.median import Median

    return Median(floor)
