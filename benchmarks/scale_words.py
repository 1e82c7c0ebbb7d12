"""What the page that benchmarks/scale.py writes says beside its tables."""

INTRODUCTION = """# How a run grows with the rows

Written by `python benchmarks/scale.py --sizes 10000,100000,1000000 --markdown docs/scale.md`: the
default recipe, seed 0, no memory of other runs; a fifth of the rows are test rows. Each run is a
process of its own.
`classification` is scikit-learn's `make_classification`, {columns} columns of float64; `adult`
and `magic` are drawn from the real sets with replacement and with noise (numbers: normal, a
twentieth of their deviation; categories: a twentieth drawn anew). Noisy copies of a row lie on both
sides of every split, so log losses say how roles compare, not how well anyone does on new people.
Where `student` is above `control`, the student that the selection rows chose does worse on the test
rows than the same stage on hard labels; where they are equal, the selection rows chose hard labels.
At 1,000,000 rows trials see 100,000 of them (`split.trial_rows`); what they choose is fitted on all
but the selection rows, and these judge it once more.

`own` is the peak resident memory of the process that was asked, the caller's table and all
libraries included; `of it libraries` is what that process held when it had imported them and had
not read any data, and how much of that is pages of their files; `workers` that of each worker;
`together` the largest sum of all at one time, where what they share counts once. `limit` is
{times:g} × the table as handed in + {beside:g} MB."""
GROWTH = """Seconds grow as rows to the power of this, from one size to the next. Each run was
made once, on two cores that other processes used as well, though with priority. Up to 200,000 rows
more is done of many steps: teachers in more folds, twice, and more of them. So an exponent over a
size at which a cap begins to bind says what a user waits for, not how any one step grows."""
CAPS = """## What is capped

More rows cost time, and gained little where that was measured. Each cap is a setting of the recipe
`hpm` (`--set split.trial_rows=0` takes one away), and a run says which of them bind, on a terminal
and in `hpmkd_noted`. Below a cap a run is the same, bit for bit, as without it.

Up to `split.once_above` rows teachers are cross-fitted twice: without the selection rows, for the
trials, and on all training rows, for the students in the end. Above, once: in two folds, on all
rows but the selection rows, which their models read as they read test rows. What is said of a row
always comes from a model that did not see it; the fuser is fitted on the rows of the trials. Two
folds take the time of one fit on all rows, fill two workers, and leave no row without an honest
soft target, which one holdout of 50,000 rows would.

## What the largest caps cost

Measured once by hand on 1,000,000 rows; of the teacher and the fuser on `classification`: teachers
fitted on 375,000 rows, the fuser on 100,000 that they had not seen, log loss on 100,000 others.

* `teacher.few_above`: six teachers, fused, .21609; deeper booster, forest of 100 trees, network and
  linear model .21603; without the forest .21612 (so that of 20 trees, not measured by itself, can
  hardly matter). Of the 153 s that a fold of six took, shallow booster, extra trees and forest
  took 105; their weights were .001 each. Where forests are heard more, it may cost more.
* `fuser.near_of_many`: neighbours among 10,000 rows .21603, among 4,000 .21612, among 2,000
  .21661, without weights per row .22010. Fusing 100,000 rows took 5.1 s with 10,000, and 2.5 s
  with 4,000.
* `split.trial_rows`: with trials on all 750,000 rows a run took 298 s instead of 188 on
  `classification`, 1,388 MB instead of 1,204, and its student came to .2481 on the test rows
  instead of .2470; on `magic` 166 s instead of 99, and .1558 instead of .1557. That this cap costs
  so little takes two things. Draws of hyperparameters are compared on all 100,000 rows of the
  trials, for a fifth of 750,000 is more than these: compared on 20,000, the best of them were too
  small for 750,000 (student .2667, 11 s less). And each stage's best and its control are judged
  again, fitted on all 750,000: soft labels that won on 100,000 rows lost to hard ones there in
  three of four stages (without that .2722 instead of .2667).
* `split.own_above`: to teach a student by its control took 64 of 330 s, and 2,236 MB at its peak.
  Without it a verdict says that teaching was not told apart from smoothing.

## Where the memory goes

Of the asking process on `classification`, 1,000,000 rows: the caller's table 240 MB; libraries
283 MB once they are imported, of which 140 MB are pages of their files, and more when they are
used; rows of students, encoded twice in single precision, 192 MB; what teachers say, in the cache
and beside it, 110 MB; rows of trials and of the selection 50 MB; the rest is memory that was freed
but not returned. Training and test rows are taken out of the caller's table when they are needed,
and dropped afterwards: training rows, 192 MB, while teachers are fitted and fused, test rows,
48 MB, while they are predicted.

Of the 300 MB beside the data libraries alone take 283, so that a small table cannot keep the limit.
The first run on a machine compiles kernels, which takes some 90 MB more that later runs do
without."""
