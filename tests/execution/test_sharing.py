"""Large pieces travel once, and by name; the rest in a small body."""

from __future__ import annotations

import gc
import pickle
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from hpmkd.data.tables import frozen
from hpmkd.execution.toolkit.sharing import LEAST, Names, pack, size_of_piece, unpack


def large(fill=0.0):
    """Make a read-only array of as many bytes as a piece has at least."""
    return frozen(np.full(LEAST // 8, fill))


class Post:
    """Both ends in one process: pieces go through a pickle, as between processes."""

    def __init__(self):
        self.names = Names()
        self.sent = {}

    def name_of_piece(self, piece):
        name, new = self.names.of(piece)
        if new:
            self.sent[name] = pickle.dumps(piece)
        return name

    def pack(self, shared):
        return pack(shared, self.name_of_piece)

    def travel(self, shared):
        body = self.pack(shared)
        found = {name: pickle.loads(content) for name, content in self.sent.items()}
        return unpack(body, found.__getitem__)


@pytest.fixture
def post():
    return Post()


def test_what_is_large_and_closed_is_a_piece():
    assert size_of_piece(large()) == LEAST
    assert size_of_piece(pd.DataFrame({"a": np.zeros(LEAST)})) > LEAST
    assert size_of_piece(frozen(np.full(LEAST // 8, "text", dtype=object))) == LEAST


@pytest.mark.parametrize(
    "value",
    [
        np.zeros(LEAST),  # it may have changed when it is seen again
        frozen(np.zeros(LEAST // 8 - 1)),
        pd.DataFrame({"a": [1.0]}),
        "x" * LEAST,
        np.ma.masked_array(large(), mask=True),  # a mask is not closed with its data
    ],
)
def test_nothing_else_is(value):
    assert size_of_piece(value) == 0


def test_the_body_is_small_and_everything_arrives(post):
    frame = pd.DataFrame({"number": np.arange(9000.0), "text": ["a", "b", None] * 3000})
    objects = frozen(np.array(["a", 1, None] * 3000, dtype=object))
    shared = SimpleNamespace(frame=frame, objects=objects, matrix=large(3.0), own=np.arange(5))
    arrived = post.travel(shared)
    assert len(post.pack(shared)) < 2000
    pd.testing.assert_frame_equal(arrived.frame, frame)
    assert arrived.objects.tolist() == objects.tolist()
    assert np.array_equal(arrived.matrix, shared.matrix)
    assert np.array_equal(arrived.own, shared.own)


def test_one_piece_in_many_places_and_batches_is_sent_once(post):
    piece = large()
    first = post.travel({"here": piece, "there": [piece]})
    second = post.travel((piece,))
    assert len(post.sent) == 1
    assert first["here"] is first["there"][0]
    assert np.array_equal(second[0], piece)


def test_equal_pieces_are_two(post):
    one, other = large(1.0), large(1.0)
    post.pack([one, other])
    assert len(post.sent) == 2


def test_a_writeable_array_travels_as_it_is_now(post):
    array = np.zeros(LEAST)
    post.travel(array)
    array[0] = 7.0
    assert post.travel(array)[0] == 7.0
    assert post.sent == {}


def test_a_piece_that_died_is_reported_once_and_its_name_is_never_given_again(post):
    alive, lost = large(), large()
    post.pack([alive, lost])
    name, _ = post.names.of(lost)
    assert post.names.gone() == []
    del lost
    gc.collect()
    assert post.names.gone() == [name]
    assert post.names.gone() == []
    # Made anew again and again, some take the dead one's place in memory.
    for fill in range(20):
        assert post.travel(large(float(fill)))[0] == fill
    assert len(post.sent) == 22
    assert post.names.of(alive) == ("piece-1", False)


def test_names_keep_nothing_alive_but_names(post):
    for _ in range(50):
        post.pack(large())
    gc.collect()
    assert post.names._known == {}
    assert len(post.names.gone()) == 50


def test_what_naming_raises_is_raised():
    def full(piece):
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        pack([large()], full)


def test_what_a_script_defines_travels(tmp_path):
    """The class is known to the script alone: another process must receive it."""
    (tmp_path / "sends.py").write_text(
        "import sys\n"
        "from hpmkd.execution.toolkit.sharing import pack\n"
        "class Own:\n"
        "    factor = 3\n"
        "sys.stdout.buffer.write(pack(Own(), None))\n",
        "utf-8",
    )
    (tmp_path / "reads.py").write_text(
        "import sys\n"
        "from hpmkd.execution.toolkit.sharing import unpack\n"
        "print(unpack(sys.stdin.buffer.read(), None).factor)\n",
        "utf-8",
    )
    body = subprocess.run(
        [sys.executable, str(tmp_path / "sends.py")], check=True, capture_output=True
    ).stdout
    read = subprocess.run(
        [sys.executable, str(tmp_path / "reads.py")], check=True, capture_output=True, input=body
    )
    assert read.stdout.split() == [b"3"]
