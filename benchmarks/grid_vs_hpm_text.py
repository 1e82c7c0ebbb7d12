"""What the document of the comparison says around its tables."""

INTRODUCTION = """# Grid against hpm

Written by `python benchmarks/grid_vs_hpm.py --seeds 2 --markdown docs/grid-vs-hpm.md`. The two
methods of [AutoDistiller](deepbridge.md) on the same rows, in one run: `standard`, the full grid
of 640 trials (recipe `grid`), and `hpm`. Both are given the same teacher, an unfitted random
forest of 200 trees, which each of them cross-fits; a quarter of the rows is kept for the test,
{seeds}.
Each arm is a process of its own with one thread, run through `hpmkd.distill`, so that no rows of
results are refitted; `hpm` begins without [memory](memory.md). Nothing was tuned to these
numbers.

## Targets
"""

TARGETS = """CPU is user and system time of the whole process, imports and teachers included.
Memory is the peak of resident memory beyond that of an idle process that has imported the same
and read the set. A grid without cache asks the teacher before every fit of its search; each such
question is counted as one call, though a cross-fitted teacher would be fitted and asked five
times.
"""

CLAIMS = """## What the proposal claims, and what we measure

The proposal compares with DeepBridge, whose students are fitted to hard labels; the grid here is
our own, really fitted to soft targets, with the same cache and stages as `hpm`. Differences are
`hpm` minus `standard`, of the student that each of them ships; those of accuracy, F1 and AUC are
in percentage points. *Time* is CPU. *Redundant calculations* are teacher calls, against a grid
without cache. *Robustness* is the share of the loss of accuracy on harmed rows that `hpm`'s
student is spared (negative: it loses more).
"""

COST = """## What it cost

*Teachers* are the CPU seconds until all teachers were read, `students` those of search, chain and
refits; the rest is imports, and measuring in the end.
"""

QUALITY = """## What it gave

Test rows; the student that the selection rows chose. F1 is the unweighted mean over the classes,
AUC that of one class against the rest, log loss and KL(teacher ‖ student) are in nats; the
teacher is the forest as it is, read by the mean of its folds, the same for both. Of several seeds
the scores are means, the student is that of the first. The ensemble of the three best students is
measured beside them; nothing above is about it.
"""

ROBUSTNESS = """## Robustness

Points of accuracy that the same students lose on harmed test rows: Gaussian noise of so many
standard deviations of each column in all cells, missing cells (mean of 3 draws each, the same for
both), and one column moved by a standard deviation (mean over the columns). No student saw such
rows.
"""

CALLS = """## Calls, counted by the teacher itself

On phoneme, a fitted forest that counts the calls of its `predict_proba` is given to all three.
The grid without cache is a loop over the 640 points of our own grid: ask the teacher about the
rows to fit on, fit. It is not asked again about selection or test rows, so that the count is a
lower bound. What measures the teacher's speed in the end is not counted. A given teacher is
compared with a [reference panel](regimes.md) once; its models are asked, too.
"""
