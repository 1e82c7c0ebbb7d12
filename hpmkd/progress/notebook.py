"""Progress in a notebook: a bar per phase by ipywidgets; lines that change, where it is missing."""

from __future__ import annotations

import abc
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from hpmkd.progress.base import View, phase_facts

if TYPE_CHECKING:
    from hpmkd.progress.state import Phase

#: The page is sent changes no faster.
SECONDS_BETWEEN_CHANGES = 0.25
#: So wide that the words beside all bars begin below each other.
LABEL_WIDTH = "14em"


class NotebookProgress(View):
    """An observer that draws below the cell that runs."""

    def __init__(self) -> None:
        super().__init__()
        # A thread draws once a second, the run whenever it gets on.
        self._lock = threading.Lock()
        self._panel: NotebookPanel | None = None
        self._notes: list[str] = []
        self._drawn = float("-inf")

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        if self._panel is not None:
            self._draw()

    def say(self, line: str) -> None:
        """Add a line below the bars."""
        self._notes.append(line)
        if self._panel is None:
            # Not before: what fails in an observer is reported, and the run continues without it.
            self._panel = WidgetPanel() if find_spec("ipywidgets") else TextPanel()
        self._draw()

    def update(self) -> None:
        """Draw, unless that was done a moment ago."""
        if self.state.now - self._drawn > SECONDS_BETWEEN_CHANGES:
            self._draw()

    def tick(self) -> None:
        """Draw once a second: clocks advance during a long fit."""
        super().tick()
        if self._panel is not None:
            self._draw()

    def _draw(self) -> None:
        assert self._panel is not None, "the first event of a run says what is distilled"
        with self._lock:
            self._drawn = self.state.now
            phases = [phase for phase in list(self.state.phases.values()) if phase.total]
            facts = [", ".join(phase_facts(self.state, self.memory, each)) for each in phases]
            self._panel.show(phases, facts, self._notes)


class NotebookPanel(abc.ABC):
    """What is drawn below the cell."""

    @abc.abstractmethod
    def show(self, phases: Sequence[Phase], facts: Sequence[str], notes: Sequence[str]) -> None:
        """Show all phases so far with what is known of each, and all notes below them."""


class WidgetPanel(NotebookPanel):
    """Bars by ipywidgets."""

    def __init__(self) -> None:
        import ipywidgets
        from IPython.display import display

        self._widgets: Any = ipywidgets
        self._bars, self._notes = ipywidgets.VBox(), ipywidgets.VBox()
        display(ipywidgets.VBox([self._bars, self._notes]))

    def show(self, phases: Sequence[Phase], facts: Sequence[str], notes: Sequence[str]) -> None:
        """Change the bars that are there, add those that are not."""
        for phase in phases[len(self._bars.children) :]:
            self._bars.children += (self._bar(phase.label),)
        for row, phase, known in zip(self._bars.children, phases, facts, strict=True):
            _, bar, text = row.children
            bar.max, bar.value = phase.total, phase.shown
            bar.bar_style = "" if phase.ended is None else "success"
            text.value = f"{phase.shown}/{phase.total}  {known}"
        # A Label shows text as it is, whatever is called how.
        new = (self._widgets.Label(note) for note in notes[len(self._notes.children) :])
        self._notes.children += tuple(new)

    def _bar(self, label: str) -> Any:
        name = self._widgets.Label(label, layout={"width": LABEL_WIDTH})
        return self._widgets.HBox([name, self._widgets.IntProgress(), self._widgets.Label()])


class TextPanel(NotebookPanel):
    """Lines of text, one per phase, that are replaced as the run gets on."""

    def __init__(self) -> None:
        from IPython.display import DisplayHandle

        self._handle = DisplayHandle()
        self._begun = False

    def show(self, phases: Sequence[Phase], facts: Sequence[str], notes: Sequence[str]) -> None:
        """Replace all lines."""
        lines = [
            f"{phase.label}: {phase.shown}/{phase.total}  {known}".rstrip()
            for phase, known in zip(phases, facts, strict=True)
        ]
        content = {"text/plain": "\n".join([*lines, *notes])}
        if self._begun:
            self._handle.update(content, raw=True)
        else:
            self._handle.display(content, raw=True)
            self._begun = True
