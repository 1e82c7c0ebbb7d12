"""What a student may cost, and how much of the teacher it must retain."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta
from msgspec.structs import asdict, replace

from hpmkd.errors import RecipeError
from hpmkd.recipe.settings import Natural, NotNegative, Settings
from hpmkd.recipe.units import parse_share, parse_size, parse_time

if TYPE_CHECKING:
    from hpmkd.evaluation.pareto import SelectionMetrics


class Limits(Settings, frozen=True):
    """Limits that a student has to meet; 0 sets none.

    Parameters
    ----------
    max_size : int
        Bytes of its file.
    max_latency : float
        Time of one row, in microseconds.
    min_retention : float
        Its accuracy on the selection rows over that of the teacher, at least.
    """

    max_size: Natural = 0
    max_latency: NotNegative = 0.0
    min_retention: Annotated[float, Meta(ge=0, le=2)] = 0.0

    def __bool__(self) -> bool:
        return bool(self.given)

    @property
    def given(self) -> tuple[str, ...]:
        """Names of the limits that are set."""
        return tuple(name for name, value in asdict(self).items() if value)

    def broken(self, metrics: SelectionMetrics) -> tuple[str, ...]:
        """Return the names of the limits that a student of these metrics exceeds."""
        met = {
            "max_size": metrics.n_bytes <= self.max_size,
            "max_latency": metrics.row_us <= self.max_latency,
            "min_retention": metrics.retention >= self.min_retention,
        }
        return tuple(name for name in self.given if not met[name])

    def excess(self, metrics: SelectionMetrics) -> float:
        """Return how far such a student is beyond its limits, in doublings; 0 if within."""
        factors = {
            "max_size": metrics.n_bytes / (self.max_size or 1),
            "max_latency": metrics.row_us / (self.max_latency or 1),
            "min_retention": self.min_retention / max(metrics.retention, 1e-9),
        }
        return sum(math.log2(factors[name]) for name in self.broken(metrics))

    def loosened(self, metrics: SelectionMetrics) -> Limits:
        """Return the nearest limits that a student of these metrics meets, in few digits."""
        nearest: dict[str, Callable[[], float]] = {
            "max_size": lambda: math.ceil(metrics.n_bytes / 100) * 100,
            "max_latency": lambda: _rounded_up(metrics.row_us),
            "min_retention": lambda: math.floor(metrics.retention * 1000) / 1000,
        }
        return replace(self, **{name: nearest[name]() for name in self.broken(metrics)})

    def options(self) -> str:
        """Return what to type for these limits, e.g. ``--max-size 50KB --max-latency 2us``."""
        return " ".join(f"{option(name)} {text}" for name, text in self._typed().items())

    def arguments(self) -> str:
        """Return the same for Python, e.g. ``max_size="50KB", min_retention=0.99``."""
        typed = self._typed().items()
        return ", ".join(
            f"{name}={text}" if name == "min_retention" else f'{name}="{text}"'
            for name, text in typed
        )

    def _typed(self) -> dict[str, str]:
        typed = {
            "max_size": _typed_size(self.max_size),
            "max_latency": _typed_time(self.max_latency),
            "min_retention": f"{self.min_retention:g}",
        }
        return {name: typed[name] for name in self.given}

    def describe(self, name: str) -> str:
        """Return one of the limits for people, e.g. ``at most 50KB``."""
        return {
            "max_size": f"at most {_typed_size(self.max_size)}",
            "max_latency": f"at most {_typed_time(self.max_latency)} per row",
            "min_retention": f"a retention of at least {self.min_retention:g}",
        }[name]


def option(name: str) -> str:
    """Return the option of the command line that sets a limit."""
    return f"--{name.replace('_', '-')}"


#: How a limit is read from text.
TEXTS: Mapping[str, Callable[[str, str], float]] = {
    "max_size": parse_size,
    "max_latency": parse_time,
    "min_retention": parse_share,
}


def as_numbers(given: Mapping[str, Any], path: str = "limits") -> dict[str, Any]:
    """Return limits with texts such as ``50KB``, ``2us`` and ``99%``, and None, as numbers.

    An error names the limit by its `path`, or as an option if that is empty.
    """
    parsed = {name: 0 if value is None else value for name, value in given.items()}
    for name, parse in TEXTS.items():
        if name in parsed:
            what = f"{path}.{name}" if path else option(name)
            value = parsed[name]
            parsed[name] = parse(value, what) if isinstance(value, str) else _number(value, what)
    return parsed


def _number(value: Any, what: str) -> Any:
    """Return a number of NumPy as one of Python, and a whole one as an integer."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return value  # its type is checked later
    if not math.isfinite(value):
        raise RecipeError(
            f"{what}: got {value!r}; expected a finite number. Leave it out, or give 0 or None, "
            "where there is no limit"
        )
    if float(value).is_integer():
        return int(float(value)) if not isinstance(value, Integral) else int(value)
    # The shortest digits: a float32 of 0.9 is meant as 0.9.
    return float(str(value))


def _typed_size(n_bytes: int) -> str:
    # In full: what is typed must mean the same.
    return f"{n_bytes / 1000:.12g}KB" if n_bytes >= 1000 and n_bytes % 100 == 0 else f"{n_bytes}B"


def _typed_time(us: float) -> str:
    for unit, factor in (("s", 1e6), ("ms", 1e3)):
        if us >= factor:
            return f"{us / factor:g}{unit}"
    return f"{us:g}us"


def _rounded_up(us: float) -> float:
    """Return a time rounded up to two digits."""
    step = 10.0 ** (math.floor(math.log10(us)) - 1) if us > 0 else 1.0
    return round(math.ceil(us / step) * step, 9)
