"""What a stage must do."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from hpmkd.contracts import Stage
from hpmkd.optuna_trials import random_study
from hpmkd.student import Student
from hpmkd.student.encoders import ENCODINGS
from hpmkd.testing.datasets import (
    PROBLEMS,
    Problem,
    check_probabilities,
    read_only,
    real_problem,
)
from hpmkd.testing.sampler_runs import check_in_space
from hpmkd.testing.stage_inputs import (
    LOSS_TOLERANCE,
    N_FITTED,
    AsConfigured,
    HardLabels,
    encoded,
    few_rounds,
    heavy_rows,
    held_out,
    limit_of,
    of_rounds,
    path_of,
    repeated,
)
from hpmkd.values import Configuration, DataFacts, ExtraRows, StageInputs

if TYPE_CHECKING:
    from hpmkd.contracts import Encoder, Predictor, Scheduler
    from hpmkd.values import FloatArray, Hyperparameter


def prior_loss(labels: Any) -> float:
    """Return the log loss of the class shares."""
    shares = np.bincount(labels) / len(labels)
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum())


class StageSuite:
    """Inherit and supply ``stage``, and ``hyperparameters`` to make the fits quick."""

    #: How far a weighted fit may be from one with repeated rows, as a share of what weights change.
    weight_tolerance: ClassVar[float] = 0.5

    @pytest.fixture
    def stage(self) -> Stage:
        """Return the stage under test."""
        raise NotImplementedError("supply a fixture `stage` that returns your stage")

    @pytest.fixture
    def hyperparameters(self, stage: Stage) -> Mapping[str, Hyperparameter]:
        """Return what most tests fit with: the defaults and few rounds, unless you override it."""
        return {**stage.defaults, **few_rounds(stage)}

    @pytest.fixture(params=PROBLEMS)
    def name(self, request: pytest.FixtureRequest) -> str:
        """Return the name of a problem with 2, then 3 classes."""
        return str(request.param)

    def inputs(
        self,
        stage: Stage,
        problem: Problem,
        encoder_and_matrix: tuple[Encoder, FloatArray],
        hyperparameters: Mapping[str, Hyperparameter],
        alpha: float = 0.5,
        scheduler: Scheduler | None = None,
    ) -> StageInputs:
        """Put together what a stage gets."""
        encoder, matrix = encoder_and_matrix
        return StageInputs(
            matrix=matrix,
            encoder=encoder,
            labels=problem.labels,
            soft_targets=problem.soft_targets,
            classes=problem.classes,
            configuration=Configuration("stage", 1.0, alpha, hyperparameters),
            scheduler=scheduler or AsConfigured(),
            seed=2**32 - 1,
        )

    @pytest.fixture
    def given(
        self, stage: Stage, name: str, hyperparameters: Mapping[str, Hyperparameter]
    ) -> StageInputs:
        """Return what a stage gets: 150 rows of numbers, an honest teacher, alpha = 1/2."""
        matrix = encoded(name, False, stage.encoding)
        return self.inputs(stage, real_problem(name), matrix, hyperparameters)

    def check(self, student: Predictor, table: Any, problem: Problem) -> FloatArray:
        """Assert that a student has its classes and predicts probabilities; return them."""
        assert list(student.classes_) == list(problem.classes)
        predicted = student.predict_proba(table)
        check_probabilities(predicted, len(table), len(problem.classes))
        return predicted

    def test_fulfils_the_protocol(self, stage: Stage) -> None:
        """It has the attributes and methods of a stage."""
        assert isinstance(stage, Stage)
        assert stage.encoding in ENCODINGS
        assert isinstance(stage.complexity, int)

    def test_defaults_are_in_the_space(self, stage: Stage) -> None:
        """The untuned hyperparameters are a point of the search space, all of it."""
        check_in_space(stage, stage.defaults)

    @pytest.mark.parametrize("seed", range(3))
    def test_space_gives_plain_values_that_fit(self, stage: Stage, seed: int) -> None:
        """Whatever is drawn is a number, a word or a truth value, and can be fitted."""
        drawn = stage.space(random_study(seed).ask())
        assert all(isinstance(value, float | int | str | bool) for value in drawn.values())
        check_in_space(stage, drawn)
        problem, quick = real_problem("wine"), {**drawn, **few_rounds(stage)}
        inputs = self.inputs(stage, problem, encoded("wine", False, stage.encoding), quick)
        self.check(stage.fit(inputs), problem.table, problem)

    @pytest.mark.parametrize(("n_rows", "n_columns"), [(150, 3), (10**6, 60)])
    @pytest.mark.parametrize("n_classes", [2, 26])
    def test_a_stage_for_data_has_a_space_of_its_own(
        self, stage: Stage, n_rows: int, n_columns: int, n_classes: int
    ) -> None:
        """What suits few rows and many is a stage too, its points in its space."""
        if not hasattr(stage, "for_data"):
            pytest.skip("it is the same for all data")
        before = dict(stage.defaults)
        fitting = stage.for_data(DataFacts(n_rows, n_columns, n_classes))
        assert isinstance(fitting, Stage)
        for point in (fitting.defaults, *getattr(fitting, "portfolio", ())):
            check_in_space(fitting, point)
        assert dict(stage.defaults) == before

    def test_a_student_learns(self, stage: Stage, name: str, given: StageInputs) -> None:
        """It predicts probabilities over all classes, better than the class shares alone."""
        problem = real_problem(name)
        predicted = self.check(stage.fit(given), problem.table, problem)
        losses = -np.log(np.maximum(predicted[np.arange(len(predicted)), problem.labels], 1e-300))
        assert losses.mean() < prior_loss(problem.labels)

    def test_at_alpha_1_the_teacher_counts(
        self, stage: Stage, name: str, given: StageInputs
    ) -> None:
        """Even one that contradicts the labels."""
        problem = real_problem(name)
        contrary = read_only(np.roll(problem.soft_targets, 1, axis=1))
        configuration = replace(given.configuration, alpha=1.0)
        student = stage.fit(replace(given, soft_targets=contrary, configuration=configuration))
        predicted = self.check(student, problem.table, problem).argmax(axis=1)
        assert (predicted == contrary.argmax(axis=1)).mean() > (predicted == problem.labels).mean()

    def test_at_alpha_0_the_teacher_does_not_matter(self, stage: Stage, given: StageInputs) -> None:
        """Neither teacher nor temperature changes a bit of the student."""
        hard = replace(given, configuration=replace(given.configuration, alpha=0.0))
        other = replace(
            hard,
            soft_targets=read_only(np.roll(given.soft_targets, 1, axis=1)),
            configuration=replace(hard.configuration, temperature=3.0),
        )
        assert stage.fit(hard).to_bytes() == stage.fit(other).to_bytes()

    def test_the_scheduler_has_the_last_word(self, stage: Stage, given: StageInputs) -> None:
        """If the scheduler gives alpha = 0, the teacher does not matter either."""
        hard = replace(given, scheduler=HardLabels())
        other = replace(hard, soft_targets=read_only(np.roll(given.soft_targets, 1, axis=1)))
        assert stage.fit(hard).to_bytes() == stage.fit(other).to_bytes()

    @pytest.mark.parametrize("temperature", [0.5, 3.0])
    def test_any_temperature_fits(
        self, stage: Stage, name: str, given: StageInputs, temperature: float
    ) -> None:
        """Sharpened and softened targets, with zeros in them, give probabilities."""
        problem = real_problem(name)
        configuration = replace(given.configuration, temperature=temperature, alpha=1.0)
        student = stage.fit(replace(given, configuration=configuration))
        self.check(student, problem.table, problem)

    def test_leaves_its_inputs_alone(self, stage: Stage, given: StageInputs) -> None:
        """It writes into nothing that it is given, even where it could."""
        open_ = replace(
            given,
            matrix=given.matrix.copy(),
            labels=given.labels.copy(),
            soft_targets=given.soft_targets.copy(),
        )
        stage.fit(open_)
        assert np.array_equal(open_.matrix, given.matrix, equal_nan=True)
        assert np.array_equal(open_.labels, given.labels)
        assert np.array_equal(open_.soft_targets, given.soft_targets)

    @pytest.mark.parametrize("alpha", [0.0, 0.5])
    def test_rows_without_labels_do_no_harm(
        self, stage: Stage, name: str, given: StageInputs, alpha: float
    ) -> None:
        """Read or ignored, rows that only the teacher labelled are left alone, at any alpha."""
        problem = real_problem(name)
        matrix, teacher = given.matrix[:40].copy(), given.soft_targets[:40].copy()
        configuration = replace(given.configuration, alpha=alpha)
        extra = ExtraRows(matrix, teacher, weight=0.5)
        inputs = replace(given, configuration=configuration, extra=extra)
        self.check(stage.fit(inputs), problem.table, problem)
        assert np.array_equal(matrix, given.matrix[:40], equal_nan=True)
        assert np.array_equal(teacher, given.soft_targets[:40])

    @pytest.mark.parametrize("alpha", [0.0, 0.5])
    def test_a_row_of_weight_three_is_three_rows(
        self, stage: Stage, name: str, given: StageInputs, alpha: float
    ) -> None:
        """A weighted fit predicts as one in which the rows are repeated.

        Randomness may keep them apart, but not further than a share of what the weights change.
        """
        configuration = replace(given.configuration, alpha=alpha)
        weighed = heavy_rows(replace(given, configuration=configuration), 3)
        table = real_problem(name).table
        one, other, without = (
            stage.fit(each).predict_proba(table)
            for each in (weighed, repeated(weighed), replace(weighed, weights=None))
        )
        changed = np.abs(without - other).mean()
        assert np.abs(one - other).mean() <= self.weight_tolerance * changed

    def test_weights_that_are_all_one_change_nothing(
        self, stage: Stage, name: str, given: StageInputs
    ) -> None:
        """A fit with such weights predicts as one without."""
        weighed, table = (
            replace(given, weights=np.ones(len(given.labels))),
            real_problem(name).table,
        )
        one, other = (stage.fit(each).predict_proba(table) for each in (weighed, given))
        np.testing.assert_allclose(one, other, atol=1e-5)

    def test_same_inputs_same_bytes(self, stage: Stage, given: StageInputs) -> None:
        """A fit depends on its inputs alone, also in a pickled copy of the stage."""
        np.random.seed(1)  # noqa: NPY002 - the global generator is what must not matter
        first = stage.fit(given).to_bytes()
        np.random.seed(2)  # noqa: NPY002
        assert stage.fit(given).to_bytes() == first
        assert pickle.loads(pickle.dumps(stage)).fit(given).to_bytes() == first

    def test_keeps_no_state(
        self, stage: Stage, given: StageInputs, hyperparameters: Mapping[str, Hyperparameter]
    ) -> None:
        """A fit on other rows in between changes nothing."""
        first = stage.fit(given).to_bytes()
        for name in PROBLEMS:
            problem = real_problem(name, mixed=True)
            matrix = encoded(name, True, stage.encoding)
            stage.fit(self.inputs(stage, problem, matrix, hyperparameters, alpha=1.0))
        assert stage.fit(given).to_bytes() == first

    @pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
    def test_a_class_without_labels_keeps_its_column(
        self, stage: Stage, given: StageInputs, name: str, alpha: float
    ) -> None:
        """A class that these rows do not show is still a column."""
        problem = real_problem(name)
        shown = problem.labels != 1
        fewer = replace(
            given,
            matrix=read_only(given.matrix[shown]),
            labels=read_only(given.labels[shown]),
            soft_targets=read_only(given.soft_targets[shown]),
            configuration=replace(given.configuration, alpha=alpha),
        )
        self.check(stage.fit(fewer), problem.table, problem)

    def test_mixed_columns_and_missing_cells(
        self, stage: Stage, name: str, hyperparameters: Mapping[str, Hyperparameter]
    ) -> None:
        """Words, truth values and holes are routed; the student reads the raw rows."""
        problem = real_problem(name, mixed=True)
        matrix = encoded(name, True, stage.encoding)
        student = stage.fit(self.inputs(stage, problem, matrix, hyperparameters))
        self.check(student, problem.table, problem)
        hollow = problem.table.head(10).assign(**{"column 0": None, "column 4": np.nan})
        self.check(student, hollow, problem)

    def test_survives_its_bytes(self, stage: Stage, given: StageInputs, name: str) -> None:
        """A student read from its ``.hpmkd`` file predicts the same, bit for bit."""
        table = real_problem(name).table
        student = stage.fit(given)
        copy = Student.from_bytes(student.to_bytes())
        assert list(copy.classes_) == list(student.classes_)
        assert copy.predict_proba(table).tobytes() == student.predict_proba(table).tobytes()

    def test_a_path_is_one_student_after_every_round(
        self, stage: Stage, name: str, given: StageInputs
    ) -> None:
        """Each is bit for bit what a shorter fit returns, and its loss is that of its answers."""
        inputs, table = held_out(given), real_problem(name).table.iloc[N_FITTED:]
        labels = given.labels[N_FITTED:]
        path = path_of(stage, inputs)
        n_rounds = len(path.losses)
        assert 0 < n_rounds <= int(inputs.configuration.hyperparameters[limit_of(stage)])
        assert np.isfinite(path.losses).all()
        for rounds in sorted({1, (n_rounds + 1) // 2, n_rounds}):
            student = path.student(rounds)
            shorter = replace(of_rounds(stage, inputs, rounds), held=None)
            assert student.to_bytes() == stage.fit(shorter).to_bytes()
            predicted = student.predict_proba(table)
            right = np.arange(len(predicted)), labels
            loss = -np.log(np.maximum(predicted[right], 1e-15)).mean()
            assert abs(path.losses[rounds - 1] - loss) < LOSS_TOLERANCE

    def test_a_path_without_held_out_rows_goes_to_its_limit(
        self, stage: Stage, given: StageInputs
    ) -> None:
        """Nothing ends it before, and its last student is the fit."""
        path = path_of(stage, of_rounds(stage, given, 5))
        assert len(path.losses) == 0
        assert path.student(5).to_bytes() == stage.fit(of_rounds(stage, given, 5)).to_bytes()
