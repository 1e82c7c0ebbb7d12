"""From margins to probabilities, and from those of several models to those of their pool."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hpmkd.student import Pool
from hpmkd.student.models.pool import SMALLEST
from hpmkd_defaults.exporters.attention import refuse_attention
from hpmkd_defaults.exporters.sql.dialects import Dialect
from hpmkd_defaults.exporters.sql.expressions import Sql, Subqueries, sql

#: Powers of e below this are this one: what underflows is an error in PostgreSQL.
LOWEST_POWER = -700.0
#: Weights and exponents of a pool that no probability feels: products may underflow.
TINY_WEIGHT = 1e-14
#: The smallest number of which a pool takes the logarithm, and what stands for that of smaller
#: ones.
_TINY, _LOWEST = 2.2250738585072014e-308, -1e300


class Links:
    """Turns margins, doubles, into probabilities.

    Parameters
    ----------
    subqueries : Subqueries
        Where they are defined.
    dialect : Dialect
    """

    def __init__(self, subqueries: Subqueries, dialect: Dialect) -> None:
        self._subqueries = subqueries
        self._dialect = dialect

    def probabilities(self, margins: Sequence[Sql], link: str) -> list[Sql]:
        """Return the probabilities of a model."""
        by_link: dict[str, Callable[[Sequence[Sql]], list[Sql]]] = {
            "sigmoid": self._sigmoid,
            "softmax": self.softmax,
            "identity": self._normalised,
        }
        return by_link[link](margins)

    def _sigmoid(self, margins: Sequence[Sql]) -> list[Sql]:
        """Return 1 / (1 + exp(-m)) and the rest, of a power that is 1 at most."""
        (margin,) = margins
        small = self._power(self._define("a", "-abs({})", margin))
        one = self._dialect.double(1.0)
        cases = (f"THEN {{}} ELSE {one}", f"THEN {one} ELSE {{}}")
        shares = (f"CASE WHEN {{}} >= 0 {case} END / ({one} + {{}})" for case in cases)
        return [self._define("p", share, margin, small, small) for share in shares]

    def softmax(self, margins: Sequence[Sql]) -> list[Sql]:
        """Return powers of e, divided by their sum; the largest one is 1."""
        top = self._subqueries.define("a", self._dialect.largest(margins))
        powers = [self._power(self._define("a", "{} - {}", margin, top)) for margin in margins]
        return self._normalised(powers)

    def _power(self, value: Sql) -> Sql:
        lowest = self._dialect.double(LOWEST_POWER)
        return self._define(
            "e", f"exp(CASE WHEN {{}} > {lowest} THEN {{}} ELSE {lowest} END)", value, value
        )

    def _normalised(self, values: Sequence[Sql]) -> list[Sql]:
        """Return values divided by their sum."""
        total = self._subqueries.add_up("a", values[0], values[1:])
        return [self._define("p", "{} / {}", value, total) for value in values]

    def pooled(self, predicted: Sequence[Sequence[Sql]], pool: Pool) -> list[Sql]:
        """Fuse the probabilities of the members of a pool, as in :class:`Pool`.

        Raises
        ------
        UnsupportedStudentError
            The pool has attention.
        """
        refuse_attention(pool, "sql")
        double, add_up = self._dialect.double, self._subqueries.add_up
        mixed: list[list[Sql]] = [[] for _ in pool.offsets]
        logits: list[list[Sql]] = [[] for _ in pool.offsets]
        numbers = pool.numbers()
        for values, (inverse, weight, exponent) in zip(
            predicted, numbers[: 3 * pool.n_members].reshape(-1, 3).tolist(), strict=True
        ):
            shares = self._sharpened([self._at_least(each) for each in values], inverse)
            for c, share in enumerate(shares):
                if weight >= TINY_WEIGHT:
                    mixed[c].append(sql(f"{{}} * {double(weight)}", share))
                if exponent >= TINY_WEIGHT:
                    log = self._define("l", "ln({})", self._at_least(share))
                    logits[c].append(sql(f"{{}} * {double(exponent)}", log))
        rest, inverse = numbers[-2:].tolist()
        if rest > TINY_WEIGHT:
            summed = [
                add_up("l", Sql(double(offset)), own)
                for offset, own in zip(pool.offsets.tolist(), logits, strict=True)
            ]
            for own, share in zip(mixed, self.softmax(summed), strict=True):
                own.append(sql(f"{{}} * {double(rest)}", share))
        zero = Sql(double(0.0))
        return self._sharpened([add_up("a", zero, own) for own in mixed], inverse)

    def _sharpened(self, values: Sequence[Sql], inverse: float) -> list[Sql]:
        """Return values to a power, divided by their sum."""
        if inverse == 1.0:
            return self._normalised(values)
        double = self._dialect.double
        log = f"THEN ln({{}}) * {double(inverse)} ELSE {double(_LOWEST)} END"
        cases = f"CASE WHEN {{}} > {double(_TINY)} {log}"
        return self.softmax([self._define("l", cases, value, value) for value in values])

    def _at_least(self, value: Sql) -> Sql:
        least = self._dialect.double(SMALLEST)
        return self._define(
            "a", f"CASE WHEN {{}} > {least} THEN {{}} ELSE {least} END", value, value
        )

    def _define(self, letter: str, template: str, *parts: Sql) -> Sql:
        return self._subqueries.define(letter, sql(template, *parts))
