"""``hpmkd report``: one HTML file that shows a run, and its pictures for papers."""

from __future__ import annotations

from pathlib import Path

import click

from hpmkd.cli.options import quiet_option


@click.command("report")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File to write; an existing one is replaced.  [default: RUN/report.html]",
)
@click.option(
    "--figures",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Also write the pictures to this folder, as PNG (300 dpi) and SVG.",
)
@click.option(
    "--card",
    is_flag=True,
    help="Print the model card as Markdown instead (with --out, write it there).",
)
@click.option("--open", "opened", is_flag=True, help="Open it in the browser.")
@quiet_option
def command(
    run: Path, out: Path | None, figures: Path | None, card: bool, opened: bool, quiet: bool
) -> None:
    """Write the report of RUN (a run folder): one HTML file that needs nothing else.

    It opens offline, and holds every number behind its pictures. The path is printed.

    \b
    Example:
      hpmkd report runs/adult
      hpmkd report runs/adult --out adult.html --figures paper/figures
      hpmkd report runs/adult --card > README.md
    """
    from hpmkd.report.write import require_libraries, write_card, write_figures, write_report
    from hpmkd.runs.result import Distillation

    if card:
        if figures is not None or opened:
            raise click.UsageError(
                "--card writes no page: leave out --figures and --open, or write the report "
                "without --card"
            )
        text = write_card(Distillation.load(run), out, folder=run)
        click.echo(text, nl=out is not None)
        return
    require_libraries()
    found = Distillation.load(run)

    def show_progress(done: int, total: int) -> None:
        if not quiet:
            click.echo(f"drawing: {done}/{total}", err=True)

    written = write_report(found, out or run / "report.html", folder=run, on_picture=show_progress)
    click.echo(written)
    if figures is not None:
        for path in write_figures(found, figures, on_picture=show_progress):
            click.echo(path)
    if opened:
        click.launch(str(written))
