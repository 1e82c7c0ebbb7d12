"""Writes a report, and its pictures by themselves."""

from __future__ import annotations

import contextlib
import io
import os
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from hpmkd.errors import ReportError, warn
from hpmkd.files import write_atomically
from hpmkd.report.card import model_card
from hpmkd.report.figures import pictures
from hpmkd.report.render.figure import Absent, Picture
from hpmkd.report.render.theme import PAPER, STAND_INS, Look
from hpmkd.runs.content import is_content

if TYPE_CHECKING:
    from hpmkd.runs.result import Distillation

LIBRARIES = ("matplotlib", "jinja2")
#: Of pictures for papers.
DPI = 300
#: The warning of Matplotlib; the number is that of a character.
GLYPH = re.compile(r"Glyph (\d+) .*missing from")
OnPicture = Callable[[int, int], None]


class ReportWarning(UserWarning):
    """Something about a picture that its reader should know."""


def write_report(
    found: Distillation,
    path: str | Path,
    *,
    folder: str | Path = "RUN",
    on_picture: OnPicture = lambda done, total: None,
) -> Path:
    """Write the report of a run as one HTML file.

    Parameters
    ----------
    found : Distillation
        The run, just made or loaded.
    path : path
        The file; an existing regular file is replaced, except those of the run itself.
    folder : path
        The run folder, as the command to repeat the run names it.
    on_picture : callable
        Called with how many pictures of how many are drawn.

    Raises
    ------
    ReportError
        If a library is missing, or the file is one of the run's or cannot be written.
    """
    require_libraries()
    _refuse_own(Path(path), Path(folder), "report.html")
    from hpmkd.report.render.page import page
    from hpmkd.report.render.svg import inline

    shown = pictures(found)
    drawn: dict[str, str] = {}
    with _drawing(Look(STAND_INS), {"svg.fonttype": "none"}) as look:
        for at, picture in enumerate(shown, 1):
            if isinstance(picture, Picture):
                figure = picture.draw(look)
                drawn[picture.key] = inline(figure, picture.key, picture.title, picture.description)
            on_picture(at, len(shown))
    return _written(Path(path), page(found, str(folder), shown, drawn).encode())


def write_figures(
    found: Distillation,
    folder: str | Path,
    *,
    on_picture: OnPicture = lambda done, total: None,
) -> list[Path]:
    """Write the pictures of a run as PNG (300 dpi) and SVG, in the colours of white paper.

    Parameters
    ----------
    found : Distillation
        The run, just made or loaded.
    folder : path
        Where to; made if missing. Files of the same names are replaced.
    on_picture : callable
        Called with how many pictures of how many are drawn.

    Returns
    -------
    list of Path
        The files, such as ``bytes.png`` and ``bytes.svg``.

    Raises
    ------
    ReportError
        If a library is missing or a file cannot be written.
    """
    require_libraries()
    folder = Path(folder)
    with _explained(folder):
        Path(os.path.realpath(folder)).mkdir(parents=True, exist_ok=True)  # where a link leads
    # Text as paths: it looks the same wherever the paper is set.
    look, written, lacking = Look(PAPER), [], set[str]()
    shown = [each for each in pictures(found) if not isinstance(each, Absent)]
    with _drawing(look, {"svg.fonttype": "path", "savefig.facecolor": look["ground"]}):
        for at, picture in enumerate(shown, 1):
            figure = picture.draw(look)
            for form in ("png", "svg"):
                content = io.BytesIO()
                # Without a date, the same run gives the same file.
                dated = {"Date": None} if form == "svg" else None
                with _missing_glyphs(lacking):
                    figure.savefig(content, format=form, dpi=DPI, metadata=dated)
                path = folder / f"{picture.key}.{form}"
                written.append(_written(path, content.getvalue()))
            on_picture(at, len(shown))
    if lacking:
        message = (
            f"the font of the pictures lacks {' '.join(sorted(lacking))}: boxes are drawn in their "
            "place. In the HTML report the browser writes them"
        )
        warn(message, ReportWarning)
    return written


def write_card(found: Distillation, path: Path | None, *, folder: Path) -> str:
    """Write the model card of a run as Markdown, and return what to print.

    Parameters
    ----------
    found : Distillation
        The run, just made or loaded.
    path : path or None
        The file, whose path is returned; without one, the card itself is returned.
    folder : path
        The run folder, as the command to repeat the run names it.

    Raises
    ------
    ReportError
        If the file is one of the run's or cannot be written.
    """
    card = model_card(found, str(folder))
    if path is None:
        return card
    _refuse_own(path, folder, "README.md")
    return str(_written(path, card.encode()))


def _refuse_own(path: Path, folder: Path, name: str) -> None:
    """Refuse to replace a file of the run; `name` is a suitable one."""
    with _explained(path):
        own = is_content(path, folder)
    if own:
        raise ReportError(
            f"{path} is a file of the run itself, which a report must not replace; leave out "
            f"--out, or choose another name, such as {folder / name}"
        )


def require_libraries(need: str = "reports need", names: Sequence[str] = LIBRARIES) -> None:
    """Refuse where a library is missing.

    Raises
    ------
    ReportError
        The message gives what to type.
    """
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise ReportError(f"{need} {' and '.join(missing)}; type: pip install 'hpmkd[report]'")


@contextlib.contextmanager
def _drawing(look: Look, more: dict[str, object]) -> Iterator[Look]:
    import matplotlib

    # Matplotlib's settings belong to the whole process: they are put back afterwards.
    with matplotlib.rc_context({**look.settings, **more}), warnings.catch_warnings():
        # A name may be written in letters that Matplotlib's font lacks; a browser has them.
        warnings.filterwarnings("ignore", GLYPH.pattern, UserWarning)
        yield look


@contextlib.contextmanager
def _missing_glyphs(lacking: set[str]) -> Iterator[None]:
    """Collect the characters that Matplotlib's font lacks; other warnings pass."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", GLYPH.pattern, UserWarning)
        yield
    for each in caught:
        found = GLYPH.match(str(each.message))
        if found is None:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
        else:
            lacking.add(chr(int(found[1])))


def _written(path: Path, content: bytes) -> Path:
    with _explained(path):
        return write_atomically(path, content)


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ReportError(
            f"cannot write {path}: {error.strerror or error}; choose the path of a file in a "
            "folder that you may write to"
        ) from error
