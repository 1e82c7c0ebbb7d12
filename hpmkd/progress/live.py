"""Progress on a terminal: a row per phase, redrawn by a thread of rich's."""

from __future__ import annotations

from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hpmkd.progress.base import View, best_text, clock, memory_text, work_text
from hpmkd.progress.state import Phase

REDRAWN_PER_SECOND = 4
#: In a narrower terminal there is no room for bars.
COLUMNS_FOR_BARS = 64


class LiveProgress(View):
    """An observer that draws on a terminal (stderr)."""

    def __init__(self) -> None:
        super().__init__()
        self._console = Console(stderr=True, markup=False, highlight=False)
        self._live = Live(
            get_renderable=self.drawn,
            console=self._console,
            refresh_per_second=REDRAWN_PER_SECOND,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return super().__enter__()

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self._live.stop()

    def say(self, line: str) -> None:
        """Print a line above the bars."""
        self._console.print(line)

    def update(self) -> None:
        """Leave it to the thread that redraws."""

    def drawn(self) -> Group:
        """Return the bars, and beneath them what is known besides."""
        now = self.state.now
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(no_wrap=True)
        bars = self._console.width >= COLUMNS_FOR_BARS
        if bars:
            table.add_column(ratio=1)
        for _ in range(3):
            table.add_column(justify="right", no_wrap=True)
        # The run may begin a phase meanwhile.
        for phase in list(self.state.phases.values()):
            if phase.total:
                table.add_row(*self._row(phase, now, bars))
        return Group(table, *(_cut(line) for line in self._beneath() if line))

    def _row(self, phase: Phase, now: float, bars: bool) -> list[ProgressBar | str]:
        left = phase.left(now)
        bar = ProgressBar(total=phase.total, completed=phase.shown)
        return [
            phase.label,
            *([bar] if bars else []),
            f"{phase.shown}/{phase.total}",
            clock(phase.seconds(now)),
            "" if left is None else f"~{clock(left)} left",
        ]

    def _beneath(self) -> list[str]:
        phase = self.state.current
        if phase is None:
            return []
        facts = " · ".join([*work_text(phase), *memory_text(self.memory)])
        return [*best_text(self.state.best), facts]


def _cut(line: str) -> Text:
    return Text(line, no_wrap=True, overflow="ellipsis")
