"""What stands before the tables of the search benchmark."""

INTRODUCTION = """# What each sampler costs and loses against the full grid

Written by `python benchmarks/search.py --draws 0,1 --markdown docs/search.md`. Of every data set a
full table of students is fitted once, by the engine's own parts: 4 stages × 10 points × T {.5, 1,
2, 3} × alpha {.3, .5, .7, .9}, the 640 of the grid; and at T = 1 alpha {0, .1, 1}, another 120.
Then every sampler searches the tables, its students looked up instead of fitted: the registry's
sampler in the engine's search, with recipe, batches, budget and early stop of a run. A share of the
rows, as `adaptive` asks for, is fitted when it is first asked for. One thread; seconds are CPU time
of fitting students and asking them about the selection and test rows, not of teachers or samplers.

**Rows.** Up to 2,000 training rows and up to 4,000 test rows that decide nothing, drawn twice. To
keep the tables affordable, penbased has 1,000 training rows, and splice is drawn once. The teachers
are the default panel, cross-fitted, with the fuser and the munge rows of `hpm`. The selection rows,
a quarter of the training rows, were seen by no teacher of theirs; below 1,000 training rows
selection is cross-validated, so that a configuration takes three models. The test rows are asked
about with the students that the selection rows judge: nothing is refitted, and with three of them
their mean counts.

**Points.** The ten of a stage are the same for all data sets: its defaults, its portfolio, then
random draws from its space. For a sampler the space of a stage is the choice among these ten. What
it knows before it draws are the stage's own points, as in a run (`a stage's own points first`), or
as many that the seed draws (`shuffled`): then nobody's care for defaults and portfolio is measured.
20 seeds each; the grid leaves nothing to chance and is searched once.

**The pick** of a search is its least log loss on the selection rows, over all stages, as in a run
without chain. What it loses is its test log loss and accuracy minus those of the full grid's pick
by the same selection rows: below 0 is better in log loss, above 0 in accuracy. The grid's pick is
no optimum on the test rows: the last column of the data sets' table shows what it leaves. A mean
counts each data set once; median, p90 and p10 are over searches.

**Samplers.** `staged` is the recipe `hpm`: T = 1, alpha {0, .1, .5, 1}, 64 models of which some are
left for the chain. `adaptive` is the recipe `proposal`: 80 models, of which some are left for what
follows the search; `unbound` is the same with neither budget nor early stop. `random` and `tpe` are
`hpm` with another sampler (`--set sampler.name=tpe`); with the grid's T and alpha they have neither
budget nor early stop. Every search ends with the engine's controls at alpha = 0, and they are
counted.

**Memory.** The memory `sqlite` was told of all other data sets, and asked about the one left out:
either of their whole tables, or of one `hpm` search each, as a user's memory would know them. First
trials are at T = 1 and alpha = .5; they are compared with the best of the ten points by the
selection rows, and `k cold` is what is to be expected of the best of k of them drawn at random."""

SAID = """## What it says

* Every target is met in the mean, that of accuracy with no room to spare. `staged` trains 32
  models, or 27 with few rows, for 3.8 % of the grid's time. Its log loss is that of the grid's pick
  (-.0010, standard error .0031), its accuracy .09 points less (standard error .13), just inside the
  .10 allowed. The mean leans on one set: without penbased `staged` would lose .0020 and .21 points,
  and the second is a miss. It loses a little on five sets, .0001 to .0037, and gains .0160 on
  penbased, where the grid chose badly.
* The grid's pick is itself up to .017 worse on the test rows than the best of the grid: with some
  500 selection rows, more configurations are more chances to choose by luck.
* `staged` owes this to the stages' defaults and portfolios. With points that a seed drew in their
  place it loses .0048 and .23 points, and would miss both targets: most of it on breast_cancer,
  where the budget allows nine configurations, a single draw of each stage and its control.
* The proposal's `adaptive` is no worse than `staged` within the errors (+.0013, -.03 points), with
  36 models within its budget and 5 % of the time; without a budget it is no better for three times
  the time. Shuffled, it loses more than `staged` (.0081). `tpe` is about as good as `staged`, and
  32 random draws are worst. Most differences between samplers are within one or two standard errors
  over six data sets.
* Four temperatures and the grid's alphas give `staged` nothing beside T = 1: +.0009 instead of
  -.0010, and a quarter more time.
* The early stop ended 35 of 7,051 searches, most of them of one stage alone: otherwise consecutive
  results are of different stages, and seldom within .001 nats of each other.
* The memory's first trial is within .002 of the best of ten cold trials, and far better than one or
  two random ones. The defaults do as well without any memory (+.0008): what is remembered of tree
  helps when whole tables are told, of logistic it hurts (+.0046).
* Told of one `hpm` search each, the memory changes `staged` by less than the errors (-.0012 and
  -.03 points instead of -.0010 and -.09). Told of whole tables it makes every sampler but `random`
  worse: by .03 on breast_cancer, by less than .008 elsewhere. There, what is remembered takes the
  place of the defaults. It is ranked without regard to how much is at stake: a weaker ridge was a
  little better on other sets, and costs more there than it had gained."""
