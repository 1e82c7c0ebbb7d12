"""What the ablation concludes from its lines, which lines count, and that its arms exist."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from benchmarks.ablation.arms import ARMS, DEFAULT, EMPTY, KEPT, of_kind, with_needed
from benchmarks.ablation.compare import Compared
from benchmarks.ablation.memories import filled_from, is_filled
from benchmarks.ablation.rule import Difference, pays, stays
from benchmarks.ablation.run import (
    QUICK_ARMS,
    QUICK_ROWS,
    ROWS,
    Ablation,
    Task,
    main,
    result,
    typed,
)
from benchmarks.ablation.tables import adding, by_set, earns, is_ranked
from benchmarks.common.pages import failures
from benchmarks.common.tree import tree_hash
from hpmkd.recipe.recipe import Recipe
from hpmkd.recipe.resolve import resolve
from hpmkd.registry.registry import Registry
from hpmkd.values import Configuration, DataFacts, Outcome
from hpmkd_defaults.memories.sqlite import SharedOptimizationMemory

SETS = list("abcdef")


def line(name, seed, arm, log_loss, seconds=10.0, size=1000, **more):
    """The line of a run."""
    figures = {"log_loss": log_loss, "seconds": seconds, "bytes": size, "accuracy": 0.9}
    known = {"n": [60, 20, 20], "n_classes": 2, "verdict": "pays", "tree": "now", "rows": 60}
    return {"set": name, "seed": seed, "arm": arm, **figures, **known, **more}


def difference(*losses, cpu=1.0, size=1.0):
    return Difference(pd.Series(losses), *(pd.Series([each] * 2) for each in (cpu, size)))


# ------------------------------------------------------------------------------ figures


@pytest.fixture
def six_sets():
    """Six sets of two draws: without the ensemble each is worse by .01 … .06 in the mean."""
    lines = []
    for at, name in enumerate(SETS, 1):
        lines += [line(name, seed, DEFAULT, 0.2) for seed in (0, 1)]
        # One draw is the same student, the other twice as far away.
        lines.append(line(name, 0, "no ensemble", 0.2, seconds=5.0))
        lines.append(line(name, 1, "no ensemble", 0.2 + 0.02 * at, seconds=10.0))
        lines += [line(name, seed, "no front", 0.2 + 1e-13) for seed in (0, 1)]
        lines += [line(name, 0, "chain: mix", 0.2 + (0.01 if at > 3 else -0.01))]
    return Compared(lines, SETS)


def test_a_set_counts_by_the_mean_of_its_draws(six_sets):
    found = six_sets.difference(ARMS["no ensemble"])
    assert found.losses.tolist() == pytest.approx([0.01, 0.02, 0.03, 0.04, 0.05, 0.06])
    assert (found.mean, found.median) == pytest.approx((0.035, 0.035))
    # The standard deviation of 1 … 6 is the root of 3.5.
    assert found.error == pytest.approx(0.01 * np.sqrt(3.5 / 6))
    assert found.cpu.tolist() == pytest.approx([0.75] * 6)
    assert found.size.tolist() == pytest.approx([1.0] * 6)
    assert six_sets.counted(ARMS["no ensemble"]) == (0, 6, 6)


def test_the_tests_are_wilcoxons_with_holms_correction(six_sets):
    tests = six_sets.tests()
    # All six of one sign: 2 of 64 ways. No other arm has a p as small: it is taken twice.
    assert tests["no ensemble"] == pytest.approx((2 / 64, 2 * 2 / 64))
    # Equal sizes, as many up as down: no evidence at all.
    assert tests["chain: mix"] == pytest.approx((1.0, 1.0))
    assert np.isnan(tests["no front"]).all()


def test_a_rounding_error_is_no_difference(six_sets):
    found = six_sets.difference(ARMS["no front"])
    assert (found.mean, found.error, found.sign) == (0, 0, 0)
    assert six_sets.counted(ARMS["no front"]) == (0, 12, 0)


def test_arms_are_compared_on_the_draws_that_both_have():
    lines = [line("a", 0, DEFAULT, 0.2), line("a", 1, DEFAULT, 0.9), line("a", 0, EMPTY, 0.3)]
    assert Compared(lines, SETS).less(ARMS[EMPTY], "log_loss").to_dict() == pytest.approx(
        {"a": 0.1}
    )


def test_an_arm_is_compared_with_its_own_reference():
    arms = {DEFAULT: 0.5, "soft targets": 0.4, "soft targets: meta": 0.3}
    found = Compared([line("a", 0, arm, loss) for arm, loss in arms.items()], SETS)
    assert found.less(ARMS["soft targets: meta"], "log_loss")["a"] == pytest.approx(-0.1)


def test_a_run_that_failed_is_a_row_and_no_number(six_sets):
    lines = six_sets.frame.to_dict("records")
    lines.append({"set": "a", "seed": 0, "arm": "no cache", "tree": "now", "error": "Boom: why"})
    found = Compared(lines, SETS)
    assert "no cache" not in [arm.name for arm in found.arms]
    assert "| no cache | 1 | a | `Boom: why` |" in failures(found.frame)
    assert failures(six_sets.frame) == "No run failed."


def test_every_set_is_shown(six_sets):
    shown = by_set(six_sets, "log_loss", 1, ".2f").splitlines()
    assert shown[0].split(" | ")[1:] == [*SETS[:-1], "f |"]
    assert shown[2] == "| hpm | 0.20 | 0.20 | 0.20 | 0.20 | 0.20 | 0.20 |"
    assert "| no ensemble | +0.01 | +0.02 | +0.03 | +0.04 | +0.05 | +0.06 |" in shown


def test_ranks_are_of_arms_with_the_same_rows_and_of_different_students(six_sets):
    assert [arm.name for arm in six_sets.arms if is_ranked(six_sets, arm)] == [
        DEFAULT,
        "chain: mix",
        "no ensemble",
    ]
    lines = [line("a", 0, arm, loss) for arm, loss in ((DEFAULT, 0.2), ("real rows", 0.1))]
    assert not is_ranked(Compared(lines, SETS), ARMS["real rows"])


# -------------------------------------------------------------------------------- rule


@pytest.mark.parametrize(
    ("found", "guards", "verdict"),
    [
        (difference(0.01, 0.03), "", ("stays", "log loss")),  # .02 ± .01
        (difference(0.01, 0.03, cpu=0.1), "", ("stays", "log loss")),
        (difference(0.0, 0.02), "", ("leaves", "makes no difference")),  # .01 ± .01
        (difference(-0.01, -0.03, cpu=2.0), "a leak", ("leaves", "better without it")),
        (difference(0.0004, 0.0005), "", ("leaves", "makes no difference")),  # certain, and little
        (difference(-0.0006, -0.0006), "", ("leaves", "better without it")),
        (difference(0.0, 0.0, cpu=1.06), "", ("stays", "saves CPU")),
        (difference(0.0, 0.0, cpu=1.04), "", ("leaves", "makes no difference")),
        (difference(0.0, 0.0, size=1.06), "", ("stays", "saves bytes")),
        (difference(0.0, 0.0, cpu=0.5, size=1.06), "", ("leaves", "costs CPU")),
        (difference(0.0, 0.0), "a leak", ("stays", "guards against a leak")),
        (difference(0.0, 0.0, cpu=0.94), "a leak", ("leaves", "costs CPU")),
        (difference(0.0, 0.0, cpu=0.9, size=0.9), "a leak", ("leaves", "costs CPU and bytes")),
        (difference(0.05), "a leak", ("too few sets", "")),
    ],
)
def test_a_part_stays_if_it_is_worth_something_or_costs_nothing(found, guards, verdict):
    assert stays(found, guards) == verdict


def test_a_cost_that_differs_from_set_to_set_is_none():
    # .1 ± .1: a busy machine.
    found = Difference(pd.Series([0.0, 0.0]), pd.Series([1.0, 1.2]), pd.Series([1.0, 1.0]))
    assert stays(found, "") == ("leaves", "makes no difference")


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (difference(-0.01, -0.03, cpu=3.0), "pays"),
        (difference(0.01, 0.03, cpu=0.1), "hurts"),
        (difference(0.0, -0.02), "no difference"),
        (difference(0.0, -0.02, cpu=0.94), "cheaper"),
        (difference(-0.05), "too few sets"),
    ],
)
def test_a_part_pays_if_it_is_better_by_more_than_its_error(found, verdict):
    assert pays(found) == verdict


def test_the_page_says_by_the_rule_what_stays_and_what_pays(six_sets):
    row = next(text for text in earns(six_sets).splitlines() if "`no ensemble`" in text)
    assert row.endswith(
        "| +0.0350 ± 0.0076 | 0 / 6 / 6 | 0.062 | -25% | +0% | **stays** | log loss |"
    )
    row = next(text for text in adding(six_sets).splitlines() if "`chain: mix`" in text)
    assert "| +0.0000 ± 0.0045 | 3 / 0 / 3 | 1.000 |" in row
    assert row.endswith("| **no difference** |")


# -------------------------------------------------------------------------------- arms


@pytest.mark.parametrize("name", ARMS)
def test_every_arm_is_a_recipe_that_this_tree_knows(name):
    arm = ARMS[name]
    recipe = Recipe.load(arm.recipe).override(arm.settings)
    resolve(recipe, Registry.installed())
    # Else it would be the default once more.
    given = arm.forest or arm.real or arm.memory
    assert name == arm.recipe or given or recipe != Recipe.load(arm.recipe)
    assert "," not in name  # it separates names on the command line


def test_arms_bring_what_they_are_compared_with_and_what_fills_their_memory():
    assert with_needed(["soft targets: meta"]) == ["hpm", "soft targets", "soft targets: meta"]
    assert with_needed(["memory of other sets"]) == ["hpm", EMPTY, "memory of other sets"]
    assert ARMS[EMPTY].memory == KEPT
    assert set(QUICK_ARMS) <= set(ARMS)


def test_quick_gives_way_to_what_is_typed():
    context = main.make_context("ablation", ["--quick", "--any-tree", "--sets", "german"])
    assert (context.params["sets"], context.params["rows"]) == ("german", QUICK_ROWS)
    assert context.params["arms"].split(",") == list(QUICK_ARMS)
    assert typed(context, "sets", "rows", "quick", "any_tree") == (
        "--sets german --quick --any-tree"
    )
    assert main.make_context("ablation", []).params["rows"] == ROWS


def test_a_part_is_left_out_or_added():
    left, more = ({arm.name for arm in of_kind(kind)} for kind in ("without", "with"))
    assert {"random search", "no made rows", "leaking forest: quick"} <= left
    assert {"chain: mix", "real rows"} <= more
    assert not {"leaking forest", "honest forest", DEFAULT, "proposal"} & (left | more)


# ------------------------------------------------------------------------------- lines


@pytest.fixture
def ablation(tmp_path):
    return Ablation(tmp_path / "results.jsonl", "now", any_tree=False)


def written(ablation, *lines):
    ablation.file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")


def test_lines_of_other_code_and_of_arms_that_have_changed_do_not_count(ablation):
    task = Task("a", 60, 0, "no racing")
    whole = {**task.of_line(), "tree": "now", "log_loss": 0.1}
    written(ablation, {**whole, "tree": "before"}, {**whole, "definition": {"recipe": "grid"}})
    assert ablation.lines() == []
    assert ablation.missing([task], retry=False) == [task]
    assert len(Ablation(ablation.file, "now", any_tree=True).lines()) == 1
    written(ablation, whole, {**whole, "log_loss": 0.2})
    assert [each["log_loss"] for each in ablation.lines()] == [0.2]
    assert ablation.missing([task], retry=False) == []


def test_what_failed_is_run_once_more_only_if_asked(ablation):
    task = Task("a", 60, 0, "no racing")
    written(ablation, {**task.of_line(), "tree": "now", "error": "Boom"})
    assert ablation.missing([task], retry=False) == []
    assert ablation.missing([task], retry=True) == [task]


def test_a_run_that_is_to_fill_a_memory_and_left_none_is_missing(ablation):
    task, needs = Task("a", 60, 0, EMPTY), Task("a", 60, 0, "memory of other sets")
    written(ablation, {**task.of_line(), "tree": "now", "log_loss": 0.1})
    assert ablation.missing([task], retry=False) == []
    assert ablation.missing([task, needs], retry=False) == [task, needs]
    remember(ablation.memories(task) / "a", "a")
    assert ablation.missing([task, needs], retry=False) == [needs]


def test_a_process_that_fails_is_its_last_words():
    assert result([sys.executable, "-c", "raise ValueError('what is wrong')"]) == {
        "error": "ValueError: what is wrong"
    }
    assert result([sys.executable, "-c", "print('noise'); print('{\"log_loss\": 1.5}')"]) == {
        "log_loss": 1.5
    }


def test_each_process_is_the_first_of_its_user():
    command = "import os, json; print(json.dumps([os.environ['XDG_DATA_HOME']]))"
    assert result([sys.executable, "-c", command]) != result([sys.executable, "-c", command])


# ------------------------------------------------------------------------------ memory


def facts_of(letter):
    return DataFacts(100, 5, 2, 0.5, digest=letter * 64)


def remember(folder, letter):
    facts = facts_of(letter)
    memory = SharedOptimizationMemory(folder=str(folder))
    point = Configuration("tree", 1.0, 0.5, {"depth": 3})
    memory.remember(facts, [Outcome(facts, point, regret=0.0, rank=0.0)])


def test_a_memory_is_filled_with_what_other_sets_left(tmp_path):
    for letter in "ab":
        remember(tmp_path / letter, letter)
    filled_from([tmp_path / each for each in "abc"], tmp_path / "filled")
    assert is_filled(tmp_path / "filled")
    memory = SharedOptimizationMemory(folder=str(tmp_path / "filled"), shipped=False)
    known = {each.facts.digest[0] for each in memory.outcomes(facts_of("z"))}
    assert known == {"a", "b"}


def test_an_empty_memory_is_not_taken_for_a_filled_one(tmp_path):
    with pytest.raises(FileNotFoundError, match="no run on another set"):
        filled_from([tmp_path / "a"], tmp_path / "filled")


# -------------------------------------------------------------------------------- tree


def test_the_hash_of_the_code_is_that_of_the_files_as_they_are(tmp_path):
    def git(*arguments):
        command = ["git", "-C", str(tmp_path), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    git("init", "-q")
    for folder in ("hpmkd", "docs"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.py").write_text("1\n")
    before = tree_hash(tmp_path, ("hpmkd",))
    (tmp_path / "docs" / "a.py").write_text("2\n")
    assert tree_hash(tmp_path, ("hpmkd",)) == before
    (tmp_path / "hpmkd" / "a.py").write_text("2\n")
    assert tree_hash(tmp_path, ("hpmkd",)) != before
    assert git("diff", "--cached", "--name-only") == ""  # nothing was staged
