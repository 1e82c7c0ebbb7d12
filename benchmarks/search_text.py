"""What stands before the tables of the search benchmark."""

INTRODUCTION = """# What each sampler costs and loses against the full grid

Written by `python benchmarks/search.py --markdown docs/search.md`. Of every data set a full table
of students is fitted once, by the engine's own parts: 4 stages × 10 points × T {.5, 1, 2, 3} ×
alpha {.3, .5, .7, .9}, the 640 of the grid; and at T = 1 alpha {0, .1, 1}, another 120. Then every
sampler searches the tables, its students looked up instead of fitted: the registry's sampler in
the engine's search, with recipe, batches, budget and early stop of a run. A share of the rows, as
`adaptive` asks for, is fitted when it is first asked for. One thread; seconds are CPU time of
fitting students and asking them about the selection and test rows, not of teachers or samplers.

**Rows.** Up to 2,000 training rows (penbased 1,000: its table would take too long) and up to 4,000
test rows that decide nothing. The teachers are the default panel, cross-fitted, with the fuser and
the munge rows of `hpm`. The selection rows, a quarter of the training rows, were seen by no teacher
of theirs; below 1,000 training rows selection is cross-validated, so that a configuration takes
three models. The test rows are asked about with the students that the selection rows judge: nothing
is refitted, and with three of them their mean counts.

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

SAID = ""
