"""Guards around what makes students: stages, and transfers between them. They travel to workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hpmkd import contracts
from hpmkd.data.probabilities import checked
from hpmkd.registry.validation.base import Guard, expect
from hpmkd.student.encoders import ENCODINGS
from hpmkd.values import StageInputs

if TYPE_CHECKING:
    from hpmkd.values import Hyperparameter, Previous


class StageGuard(Guard):
    """Checks what a stage says of itself; travels to workers.

    A fit is blamed where students are fitted, under the name that the recipe gives the stage.
    """

    contract = contracts.Stage

    def check(self) -> None:
        """Check encoding, complexity and defaults."""
        if self.component.encoding not in tuple(ENCODINGS):
            known = " or ".join(map(repr, ENCODINGS))
            raise ValueError(f"encoding is {self.component.encoding!r}; expected {known}")
        expect("complexity", self.component.complexity, int, "an int")
        expect("defaults", self.component.defaults, Mapping, "a mapping")
        for each in self.portfolio:
            expect("a point of the portfolio", each, Mapping, "a mapping")

    @property
    def encoding(self) -> str:
        """Which encoder is fitted for it."""
        return str(self.component.encoding)

    @property
    def complexity(self) -> int:
        """Place in the order from simple to complex."""
        return int(self.component.complexity)

    @property
    def defaults(self) -> Mapping[str, Hyperparameter]:
        """Hyperparameters that work untuned."""
        defaults: Mapping[str, Hyperparameter] = self.component.defaults
        return defaults

    @property
    def reads_start(self) -> bool:
        """Whether it can start from the margins of another student."""
        return bool(getattr(self.component, "reads_start", False))

    @property
    def portfolio(self) -> Sequence[Mapping[str, Hyperparameter]]:
        """Further hyperparameters that are known to work somewhere."""
        portfolio: Sequence[Mapping[str, Hyperparameter]] = getattr(self.component, "portfolio", ())
        return portfolio

    def space(self, trial: contracts.HyperparameterTrial) -> Mapping[str, Hyperparameter]:
        """Draw hyperparameters."""
        with self.culprit.blamed("failed in space"):
            drawn: Mapping[str, Hyperparameter] = self.component.space(trial)
            expect("what space returned", drawn, Mapping, "a mapping")
        return drawn

    def fit(self, inputs: StageInputs) -> contracts.Predictor:
        """Fit a student."""
        student: contracts.Predictor = self.component.fit(inputs)
        return student


class TransferGuard(Guard):
    """Checks that what is handed over are inputs about the same rows; travels to workers."""

    contract = contracts.Transfer

    def check(self) -> None:
        """Check that it knows what it does and needs."""
        expect("teaches", self.component.teaches, bool, "True or False")
        expect("unseen", self.component.unseen, bool, "True or False")

    @property
    def teaches(self) -> bool:
        """Whether it changes only what is taught."""
        return bool(self.component.teaches)

    @property
    def unseen(self) -> bool:
        """Whether it needs what the stage before says about rows it has not seen."""
        return bool(self.component.unseen)

    def hand_over(self, inputs: StageInputs, previous: Previous) -> StageInputs:
        """Hand over."""
        with self.culprit.blamed("failed in hand_over"):
            given: StageInputs = self.component.hand_over(inputs, previous)
            expect("what hand_over returned", given, StageInputs, "a hpmkd StageInputs")
            for name in ("matrix", "labels", "classes", "configuration"):
                if getattr(given, name) is not getattr(inputs, name):
                    raise ValueError(f"hand_over returned another {name} than it was given")
            checked(given.soft_targets, inputs.soft_targets.shape, "hand_over")
            if given.extra is not None and inputs.extra is not None:
                checked(given.extra.soft_targets, inputs.extra.soft_targets.shape, "hand_over")
        return given
