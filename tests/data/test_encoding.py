"""A table is encoded once, and found as it was encoded."""

from __future__ import annotations

import numpy as np
import pytest

from hpmkd.data import encoding
from hpmkd.data.cache_region import CacheRegion
from hpmkd.data.dataset import Dataset
from hpmkd.data.encoding import Encoding
from hpmkd.student import Schema, fit_encoder
from hpmkd.training.datasets import TrainingSet


def of_bits(encoder):
    return encoder.to_json(), {name: each.tobytes() for name, each in encoder.arrays().items()}


def of(table):
    labels = np.arange(len(table)) % 2
    return Dataset(table, labels, np.arange(2))


@pytest.fixture
def table(people):
    return people.drop(columns="bought")


@pytest.fixture
def stored(dict_cache):
    return CacheRegion(dict_cache, "feature")


@pytest.mark.parametrize("kind", ["tree", "linear"])
def test_encoder_and_matrix_are_those_of_the_table_bit_for_bit(table, stored, kind):
    direct = fit_encoder(kind, Schema.fit(table), table)
    rows = of(table)
    made = [Encoding(rows), Encoding(rows, stored), Encoding(rows, stored)]
    for each in made:
        encoder = each.encoder(kind)
        assert of_bits(encoder) == of_bits(direct)
        for rows, requested in ((table, None), (table[40:], table[40:])):
            matrix = each.matrix(encoder, requested)
            assert matrix.tobytes() == direct.transform(rows).tobytes()
            assert matrix.dtype == direct.transform(rows).dtype
            assert not matrix.flags.writeable


def test_what_is_kept_is_not_encoded_again(table, stored, dict_cache, monkeypatch):
    def rows(n):
        part = of(table[:n])
        return TrainingSet.encode(part, np.eye(2)[part.labels], {"tree", "linear"}, region=stored)

    first = rows(100)
    assert dict_cache.stats()["misses"] == 4
    with monkeypatch.context() as patch:
        patch.setattr(encoding, "fit_encoder", None)
        patch.setattr(encoding, "Schema", None)
        again = rows(100)
    assert dict_cache.stats()["misses"] == 4
    for kind, (encoder, matrix) in first.encoded.items():
        assert again.encoded[kind][1].tobytes() == matrix.tobytes()
        assert of_bits(again.encoded[kind][0]) == of_bits(encoder)
    rows(99)
    assert dict_cache.stats()["misses"] == 8


def test_a_changed_cell_is_another_table(table, stored, dict_cache):
    changed = table.copy()
    changed.loc[3, "city"] = "Lima" if changed.loc[3, "city"] != "Lima" else "Oslo"
    for each in (table, changed, table):
        own = Encoding(of(each), stored)
        own.matrix(own.encoder("tree"))
    assert dict_cache.stats()["misses"] == 4


def test_rows_of_a_table_are_told_from_the_table(table, stored):
    own = Encoding(of(table), stored)
    encoder = own.encoder("linear")
    assert len(own.matrix(encoder)) == len(table)
    assert len(own.matrix(encoder, table[:5])) == 5
    assert len(own.matrix(encoder, table[:6])) == 6


@pytest.mark.parametrize("kind", ["tree", "linear", "joint"])
def test_rows_encoded_some_at_a_time_have_the_same_bits(table, kind, monkeypatch):
    def made():
        part = of(table).rows(np.arange(len(table))[::-2])
        own = Encoding(part)
        encoder = own.encoder(kind)
        return [own.matrix(encoder), own.matrix(encoder, table[:9]), own.matrix(encoder, table[:0])]

    whole = made()
    monkeypatch.setattr(encoding, "ROWS_AT_ONCE", 7)
    for one, other in zip(made(), whole, strict=True):
        assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    assert [len(each) for each in whole] == [75, 9, 0]


@pytest.mark.parametrize("kind", ["tree", "linear", "joint"])
@pytest.mark.parametrize("plain", [False, True])
def test_rows_within_a_table_are_encoded_as_if_taken_out(table, kind, plain):
    whole = table.select_dtypes("number").to_numpy() if plain else table
    at = np.arange(3, 90, 2)
    part = of(whole).rows(at)
    one, other = Encoding(part), Encoding(part.taken())
    encoder, expected = one.encoder(kind), other.encoder(kind)
    assert of_bits(encoder) == of_bits(expected)
    assert one.matrix(encoder).tobytes() == other.matrix(expected).tobytes()
    assert one.matrix(encoder, part.part).tobytes() == one.matrix(encoder).tobytes()
