"""The verdict in words: what to ship, what the teacher was worth, what to beware of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from hpmkd.evaluation.metrics import LOG_LOSS
from hpmkd.evaluation.thresholds import RARE
from hpmkd.recipe.units import shown_size

if TYPE_CHECKING:
    from hpmkd.evaluation.bootstrap import Conclusion
    from hpmkd.evaluation.gates import LossComparison
    from hpmkd.evaluation.metric_difference import MetricDifference
    from hpmkd.evaluation.metrics import Metric
    from hpmkd.evaluation.verdict_parts import Comparison, Searched
    from hpmkd.values import Threshold

#: The arms: what ships; the best of any family on hard labels; the best of the shipped family on
#: hard labels; the shipped configuration fitted to a hard student instead of the teachers, which
#: separates knowledge from smoothing.
STUDENT, HARD, TWIN, OWN = "student", "best hard student", "hard twin", "own labels"
#: The rivals that are no single teachers.
TEACHER, CLASS_SHARES = "teacher", "class shares"
#: Why a gain on the test rows is no gain.
UNCONFIRMED = "the interval excludes 0, but repeated selection does not confirm the gain"


class Named(NamedTuple):
    """A student, its losses on the test rows, and its bytes if they are known."""

    name: str
    loss: float  # by the metric of the run
    log_loss: float
    n_bytes: float | None

    def __str__(self) -> str:
        return self.name if self.n_bytes is None else f"{self.name} ({shown_size(self.n_bytes)})"

    def shown(self, metric: Metric) -> str:
        """Return its metric, with log loss beside it."""
        own = metric.shown(self.loss)
        return own if metric == LOG_LOSS else f"{own} ({LOG_LOSS.shown(self.log_loss)})"


def holds(repeated: LossComparison | None) -> bool:
    """Whether there is a gain over repeated selection, of one standard error or more."""
    return repeated is not None and 0 < repeated.gain >= repeated.standard_error


def to_ship(
    outcome: Conclusion,
    decided: MetricDifference,
    student: Named,
    hard: Named,
    metric: Metric,
    *,
    n_rows: int,
    own: str | None,
) -> str:
    """Return what to ship and what the teacher was worth.

    `decided` is student minus hard on `n_rows` test rows; `own` why they are the same, else None.
    """
    ship = f"Ship {student}: {student.shown(metric)} on {n_rows} test rows"
    low, high = decided.interval
    if own is not None:
        return f"{ship}. {own}"
    if outcome == "pays":
        return (
            f"{ship}, {-decided.delta:.4f} {'above' if metric.is_score else 'below'} the best hard "
            f"student, {hard}. That is what the teacher is worth (95 % interval {-high:.4f} to "
            f"{-low:.4f})."
        )
    if outcome == "hurts":
        return (
            f"Ship the best hard student, {hard}: {hard.shown(metric)} on {n_rows} "
            f"test rows. {student}, which learned from the teacher and won on the selection rows, "
            f"is {decided.delta:.4f} worse (95 % interval {low:.4f} to {high:.4f})."
        )
    doubt = "" if decided.outcome != "pays" else f"; {UNCONFIRMED}"
    return (
        f"{ship}. It is not clear that the teacher is worth anything: the best hard student, "
        f"{hard}, comes to {metric.score(hard.loss):.4f} (difference {decided}){doubt}."
    )


def own_control(searched: Searched, stopped: str | None) -> str:
    """Return why what ships is its own control; `stopped` as in a verdict."""
    if stopped is not None:
        return f"No student had a teacher: {stopped}. The student is its own control."
    why = "The selection rows chose hard labels" if searched.soft else "No student had a teacher"
    return f"{why}, so it is its own control."


def of_teacher(against: MetricDifference | None, sizes: Mapping[str, float]) -> Iterator[str]:
    """Return how the teacher compares with the student, in size and on the test rows."""
    found = []
    if "teacher" in sizes and sizes.get("student"):
        found.append(_larger(sizes["teacher"] / sizes["student"]))
    if against is not None:
        gain = against.delta
        found.append(
            {
                "hurts": f"{gain:.4f} better",
                "pays": f"{-gain:.4f} worse",
                "no difference": "about as good",
            }[against.outcome]
        )
    if found:
        yield f"The teacher itself is {' and '.join(found)}."


def _larger(times: float) -> str:
    """Return how much larger a teacher is, to one digit.

    Its pickle differs by some bytes from one process to another; the sentence should not.
    """
    factor, word = (times, "larger") if times >= 1 else (1 / times, "smaller")
    if factor < 1.5:
        return "about as large"
    return f"about {float(f'{factor:.0e}'):,.0f} times {word}"


def warnings(
    decided: MetricDifference, against: Mapping[str, MetricDifference], metric: Metric
) -> Iterator[str]:
    """Yield whom the student is worse than: those whose interval lies above 0."""
    if decided.outcome == "hurts":
        yield f"Warning: the student is worse than the best hard one: {decided}"
    worse = {name: each for name, each in against.items() if each.outcome == "hurts"}
    if CLASS_SHARES in worse:
        yield (
            "Warning: the student is worse than always answering with the class shares: "
            f"{worse[CLASS_SHARES]}"
        )
    single = [
        f"{name} by {each.delta:.4f}"
        for name, each in worse.items()
        if name not in (CLASS_SHARES, TEACHER)
    ]
    if single:
        listed = ", ".join(single)
        yield f"Warning: the student is worse than single teachers: {listed} {metric.unit}"


def of_threshold(found: Threshold) -> str:
    """Return how the rarer class fares at .5, and the probability from which it is best named."""
    half, best = found.at_half, found.at_best
    rare = " is rare" if found.share < RARE else ""
    return (
        f"The class {found.label!r}{rare} ({found.share:.1%} of the selection rows): at the "
        f"threshold .5 its recall is {half.recall:.2f} and its precision {half.precision:.2f}; at "
        f"{found.best:.3g} they are {best.recall:.2f} and {best.precision:.2f}, and its "
        f"{found.score} is {best.score:.4g} instead of {half.score:.4g}: hpmkd predict --threshold "
        "best"
    )


def of_search(searched: Searched) -> str:
    """Return how many candidates of either kind were compared, and in how many folds."""
    folds = "on one holdout" if searched.folds == 1 else f"in {searched.folds} folds"
    if not searched.soft:
        return f"Searched: {searched.hard} hard candidates {folds}, and none that had a teacher"
    counted = f"{searched.hard} hard and {searched.soft} soft candidates {folds}"
    if searched.hard >= searched.soft:
        return f"Hard students were searched at least as carefully: {counted}"
    return f"Hard students were searched less: {counted}; a gain may come from the search"


def of_repeated(decided: MetricDifference, repeated: LossComparison | None) -> str:
    """Return whether the choice would come out like this again, and what follows."""
    if repeated is None:
        found = "The selection rows are too few to repeat the choice"
        return f"{found}: the test rows alone prove nothing" if decided.outcome == "pays" else found
    found = (
        f"Over repeated selection the teacher gains {repeated.gain:+.4f} with a standard error of "
        f"{repeated.standard_error:.4f}"
    )
    if decided.outcome == "pays" and not holds(repeated):
        return f"{found}: what the test rows show may be luck"
    if decided.outcome == "no difference" and holds(repeated):
        return f"{found}, but the test rows do not confirm it"
    return found


def of_comparisons(outcome: Conclusion, compared: Sequence[Comparison]) -> Iterator[str]:
    """Yield what follows from the comparison with each control.

    They agree with each other and with the `outcome`: where it is not that the teacher pays, none
    speaks of a gain that comes from it, whatever the figures are.
    """
    hard = next((each for each in compared if each.against == HARD), None)
    calibrated = hard is not None and _is_calibration(hard)
    for each in compared:
        if each.against == TWIN:
            yield f"Against the same student on hard labels: {each.plain}"
        elif each.against == OWN:
            yield _of_own_labels(outcome, each, calibrated=calibrated)
        else:
            yield _of_calibration(outcome, each)


def _is_calibration(compared: Comparison) -> bool:
    """Whether a gain goes away at the best temperatures."""
    return compared.plain.outcome == "pays" != compared.calibrated.outcome


def _of_own_labels(outcome: Conclusion, compared: Comparison, *, calibrated: bool) -> str:
    figures = f"Against self-distillation: {compared.plain}"
    if compared.plain.outcome == "pays" != outcome:
        return figures
    gain = "that calibration" if calibrated else "the gain"
    why = {
        "pays": f"{gain} comes from the teacher, not from label smoothing",
        "no difference": "the test rows cannot tell the teacher from label smoothing",
        "hurts": "its own labels would have done better",
    }[compared.plain.outcome]
    return f"{figures}: {why}"


def _of_calibration(outcome: Conclusion, compared: Comparison) -> str:
    plain, calibrated = compared.plain.outcome, compared.calibrated.outcome
    what = "the gain" if outcome == "pays" else "what the test rows show"
    why = ""
    if plain == "pays":
        share = "mostly" if _is_calibration(compared) else "not only"
        why = f": {what} is {share} calibration"
    elif calibrated != plain:
        why = {"pays": "", "no difference": ": then none", "hurts": ": then it hurts"}[calibrated]
    return f"With the best temperature for each: {compared.calibrated}{why}"
