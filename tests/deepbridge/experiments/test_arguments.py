"""What an ExperimentRunner and its configuration may be given."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hpmkd import DataError, DBDataset, RecipeError
from hpmkd.deepbridge import DistillationConfig, ExperimentRunner, ModelType
from hpmkd.deepbridge.experiments.config import changed_grid, options_of
from hpmkd.deepbridge.experiments.plan import methods_of
from hpmkd.deepbridge.methods import METHODS, NAMES, Options, recipe_for, recipes_of


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"methods": "fast"}, RecipeError, "method: got 'fast'; expected one of"),
        ({"methods": []}, RecipeError, "methods: got none; expected some of"),
        ({"methods": 5}, RecipeError, "methods: got 5; expected a list"),
        ({"methods": ["hpm", "hpm"]}, RecipeError, "methods: got hpm more than once"),
        ({"methods": ["legacy", "standard"]}, RecipeError, "methods: got standard more than once"),
        ({"methods": ["hybrid"]}, RecipeError, "is several runs; name each: 'standard', 'hpm'"),
        ({"seeds": []}, RecipeError, "seeds: got none; expected integers"),
        ({"seeds": [1, 1]}, RecipeError, "seeds: got 1 more than once"),
        ({"seeds": [-1]}, RecipeError, "seeds: got -1"),
        ({"seeds": "12"}, RecipeError, "seeds: got '12'; expected a list"),
        ({"dataset": {}}, RecipeError, "dataset: got no data sets"),
        ({"dataset": [[1, 2]]}, DataError, "dataset: got list"),
        ({"dataset": {"a": None}}, DataError, "data set 'a': dataset: got NoneType"),
        ({"config": {}}, RecipeError, r"config: got dict, which has no output_dir, .*Distillation"),
        ({"config": DistillationConfig}, RecipeError, "config: got type, which has no output_dir"),
        ({"config": DistillationConfig(5)}, RecipeError, "output_dir: got 5; expected a path"),
        ({"config": DistillationConfig(test_size=1)}, RecipeError, "test_size: got 1; expected"),
        ({"config": DistillationConfig(random_state=-1)}, RecipeError, "random_state: got -1"),
        ({"config": DistillationConfig(n_trials=0)}, RecipeError, "n_trials: got 0; expected"),
        ({"config": DistillationConfig(verbose="no")}, RecipeError, "verbose: got 'no'"),
        ({"config": DistillationConfig(use_hpm=3)}, RecipeError, "use_hpm: got 3"),
    ],
)
def test_arguments_that_cannot_be_are_refused(wine, arguments, error, message):
    with pytest.raises(error, match=message):
        ExperimentRunner(**{"dataset": DBDataset(*wine), **arguments})


@pytest.mark.parametrize("names", [("wine", "Wine"), ("a b", "a-b"), (1, "1")])
def test_names_that_share_a_folder_are_refused(wine, names):
    with pytest.raises(RecipeError, match="stand for the same folder; expected names"):
        ExperimentRunner(dict.fromkeys(names, DBDataset(*wine)))


def test_a_name_that_leads_elsewhere_is_none(wine):
    with pytest.raises(RecipeError, match=r"got the name '\.\./\.\.'; expected letters"):
        ExperimentRunner({"../..": DBDataset(*wine)})


def test_each_run_is_one_recipe():
    single = [name for name, recipes in METHODS.items() if len(recipes) == 1]
    assert {methods_of(name)[0] for name in single} == set(NAMES.values())


def test_an_unknown_way_to_teach_is_refused(wine):
    runner = ExperimentRunner(DBDataset(*wine), DistillationConfig(None))
    with pytest.raises(RecipeError, match="distillation_method: got 'hpm'"):
        runner.run_experiments(distillation_method="hpm")
    with pytest.raises(RecipeError, match="use_probabilities: got 'yes'"):
        runner.run_experiments(use_probabilities="yes")


# -------------------------------------------------------------------------- configuration


def test_the_grid_as_it_comes_is_that_of_the_method_standard():
    config = DistillationConfig()
    assert config.get_total_configurations() == 64
    explicit = Options().customized(config.model_types, config.temperatures, config.alphas)
    (recipe,) = recipes_of("standard")
    own, theirs = recipe_for(recipe, Options()), recipe_for(recipe, explicit)
    assert list(own.stages) == list(theirs.stages)
    assert own.search == theirs.search
    assert set(changed_grid(config).values()) == {None}


def test_a_changed_grid_is_for_every_method():
    config = DistillationConfig()
    config.customize([ModelType.GBM], alphas=(0.1, 0.2))
    config.temperatures = 4
    assert config.get_total_configurations() == 2
    options = options_of(config)
    assert (options.stages, options.temperatures, options.alphas) == (("gbm",), (4,), (0.1, 0.2))
    with pytest.raises(RecipeError, match="alphas: got 2"):
        config.customize(alphas=[2])
    with pytest.raises(RecipeError, match="model type 'MLP'"):
        config.customize(model_types=[ModelType.MLP])
    config.model_types = []
    with pytest.raises(RecipeError, match="model_types: got none"):
        options_of(config)


def test_positions_are_those_of_deepbridge(tmp_path):
    config = DistillationConfig(tmp_path, 0.3, 7, 3, 0.25, False, None, True, 9, 2, False, False)
    assert (config.output_dir, config.test_size, config.random_state) == (tmp_path, 0.3, 7)
    options = options_of(config)
    assert (options.n_trials, options.validation_split, options.max_configs) == (3, 0.25, 9)
    assert (options.parallel_workers, options.use_cache, options.progressive) == (2, False, False)
    assert not options.use_memory


def test_what_makes_no_difference_warns():
    with pytest.warns(UserWarning, match="use_adaptive_temperature=True makes no difference"):
        DistillationConfig(use_adaptive_temperature=True)
    with pytest.warns(UserWarning, match="cache_memory_gb=2.0 makes no difference"):
        DistillationConfig(cache_memory_gb=2.0)


def test_a_configuration_of_deepbridge_is_read_by_its_names(wine, quietly):
    foreign = SimpleNamespace(
        output_dir=None,
        test_size=0.2,
        random_state=3,
        n_trials=1,
        validation_split=0.2,
        verbose=False,
        use_hpm=False,
        use_multi_teacher=False,
        model_types=[SimpleNamespace(name="DECISION_TREE")],
        temperatures=[1.0],
        alphas=[0.5],
    )
    options = options_of(foreign)
    assert (options.stages, options.temperatures, options.multi_teacher) == (("tree",), (1,), False)
    runner = ExperimentRunner(DBDataset(*wine), foreign)
    assert quietly(runner)["seed"].tolist() == [3]


def test_messages_are_printed_where_verbose(capsys):
    DistillationConfig(verbose=False).log_info("quiet")
    DistillationConfig().log_info("loud")
    assert capsys.readouterr().out == "loud\n"
