"""The disk tier: believed only where it is whole, and never in the way."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpmkd.errors import RunFolderError
from hpmkd_defaults.caches import disk, disk_layout
from hpmkd_defaults.caches.disk import CacheWarning, DiskTier
from hpmkd_defaults.caches.partitioned import IntelligentCache

ARRAY = np.random.default_rng(0).dirichlet([1, 1, 1], 40)
KEY = bytes(range(32))


@pytest.fixture(scope="module", autouse=True)
def own_key():
    """One key for the module; each test has a data folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk, "user_key", lambda: KEY)
        yield


class Computed:
    """A computation that counts."""

    def __init__(self, array=ARRAY):
        self.array, self.calls = array, 0

    def __call__(self):
        self.calls += 1
        return self.array.copy(order="K")


def ask(place, key="key", array=ARRAY, region="teacher", **settings):
    """Ask a cache that has nothing in memory; return the answer and whether it was computed."""
    cache = IntelligentCache(disk=True, folder=str(place), **settings)
    compute = Computed(array)
    found = cache.get_or_compute(region, key, compute)
    assert not found.flags.writeable
    return found, bool(compute.calls)


def entry_file(place, key="key"):
    return DiskTier(place, 10**9).path("teacher", key)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder with one entry, and the bytes of that."""
    place = tmp_path_factory.mktemp("whole")
    ask(place)
    return place, entry_file(place).read_bytes()


@pytest.mark.parametrize(
    "array",
    [
        ARRAY,
        np.asfortranarray(ARRAY),
        ARRAY[::2, ::-1],
        ARRAY.astype(np.float32),
        ARRAY.astype(">f8"),
        np.arange(7),
        np.array(3.5),
        np.zeros((0, 3)),
        np.array([True, False]),
        np.array(["a", "ü"]),
        np.array([b"a", b"bc"]),
        np.array(["2024-01-01"], dtype="datetime64[D]"),
        np.array([np.nan, -0.0, np.inf]),
        np.array([1 + 2j]),
    ],
)
def test_another_cache_finds_what_one_wrote(tmp_path, array):
    first, computed = ask(tmp_path, array=array)
    assert computed
    again, computed = ask(tmp_path, array=np.zeros(1))
    assert not computed
    assert (again.dtype, again.shape) == (first.dtype, first.shape) == (array.dtype, array.shape)
    assert again.tobytes() == first.tobytes() == array.tobytes()
    assert again.flags.c_contiguous == first.flags.c_contiguous


@pytest.mark.parametrize("array", [np.array([{}, 1], dtype=object), np.zeros(2, dtype="i4,f8")])
def test_what_would_need_a_pickle_stays_in_memory(tmp_path, array):
    for _ in range(2):
        found, computed = ask(tmp_path, array=array)
        assert computed
        assert found.tolist() == array.tolist()
    assert list(tmp_path.rglob("*.array")) == []


def test_an_entry_larger_than_its_region_is_still_kept_on_disk(tmp_path):
    assert ask(tmp_path, max_bytes=10) [1]  # fmt: skip
    found, computed = ask(tmp_path, max_bytes=10)
    assert not computed
    assert np.array_equal(found, ARRAY)


# ---------------------------------------------------------------- damaged entries


def replaced(whole, content):
    """Put other content in the place of an entry; it must be recomputed, and then be whole."""
    place, right = whole
    path = entry_file(place)
    path.write_bytes(content)
    found, computed = ask(place)
    assert computed
    assert found.tobytes() == ARRAY.tobytes()
    assert path.read_bytes() == right
    assert not ask(place)[1]


@given(data=st.data())
def test_any_flipped_bit_is_noticed(whole, data):
    content = bytearray(whole[1])
    for at in data.draw(st.sets(st.integers(0, 8 * len(content) - 1), min_size=1, max_size=3)):
        content[at // 8] ^= 1 << at % 8
    replaced(whole, bytes(content))


@given(data=st.data())
def test_any_truncation_or_addition_is_noticed(whole, data):
    content = whole[1]
    cut = content[: data.draw(st.integers(0, len(content) - 1))]
    replaced(whole, data.draw(st.sampled_from([cut, content + (cut or b"\0")])))


@given(content=st.binary(max_size=300))
def test_foreign_files_are_noticed(whole, content):
    replaced(whole, content)


def sealed(body, key=KEY, person=b"hpmkd seal v2"):
    seal = hashlib.blake2b(b"teacher key\n" + body, digest_size=32, key=key, person=person)
    return body + seal.digest()


def test_the_seal_is_a_keyed_hash(whole):
    body = whole[1][:-32]
    assert sealed(body) == whole[1]
    unsealed = body + hashlib.sha256(b"teacher key\n" + body).digest()
    others = (sealed(body, key=KEY[::-1]), sealed(body, person=b"hpmkd name v2"), unsealed)
    for content in others:
        replaced(whole, content)


def test_an_entry_of_another_user_is_not_found_and_stays(tmp_path, monkeypatch):
    """Not even its name tells what it belongs to."""
    with monkeypatch.context() as patch:
        patch.setattr(disk, "user_key", lambda: KEY[::-1])
        ask(tmp_path, array=np.zeros(3))
    found, computed = ask(tmp_path)
    assert computed
    assert np.array_equal(found, ARRAY)
    assert len(list(disk_layout.stored(tmp_path))) == 2


def test_a_foreign_file_that_would_not_fit_in_memory_is_not_read(tmp_path, monkeypatch):
    path = entry_file(tmp_path)
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.truncate(2**32)  # all of it a hole
    with monkeypatch.context() as patch:
        patch.setattr(disk, "read_entry", pytest.fail)
        assert ask(tmp_path)[1]
    assert not ask(tmp_path)[1]


@given(content=st.binary(max_size=100), start=st.integers(0, 80))
def test_foreign_files_with_a_right_seal_are_noticed(whole, content, start):
    body = whole[1][:start] + content
    if body != whole[1][:-32]:
        replaced(whole, sealed(body))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"'<f8'", b"'|O8'"),
        (b"'<f8'", b"'zzz'"),
        (b"'<f8'", b"'<f4'"),
        (b"(40, 3)", b"(41, 3)"),
        (b"(40, 3)", b"(-1, 7)"),
        (b"(40, 3)", b"'40,3' "),
        (b"'fortran_order'", b"'fortran_orden'"),
        (b"False", b"'Q'  "),
        (b"{", b"["),
        (b"\x93NUMPY\x01\x00", b"HPMKD\r\n\x1a"),
    ],
)
def test_a_right_seal_does_not_make_another_entry_right(whole, old, new):
    body = whole[1][:-32]
    assert old in body
    replaced(whole, sealed(body.replace(old, new, 1)))


def test_an_entry_under_the_name_of_another_is_noticed(tmp_path):
    ask(tmp_path, key="a", array=np.zeros(3))
    entry_file(tmp_path, "a").rename(entry_file(tmp_path, "b"))
    found, computed = ask(tmp_path, key="b", array=np.ones(3))
    assert computed
    assert found.tolist() == [1, 1, 1]


def test_another_version_lives_in_another_folder(tmp_path, monkeypatch):
    ask(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(disk, "VERSION", 7)
        assert ask(tmp_path)[1]
        assert not ask(tmp_path)[1]
    assert not ask(tmp_path)[1]
    assert disk_layout.clear(tmp_path)[0] == 2


# ----------------------------------------------------------- when the disk is no help


def once_warned(place, match, calls=3):
    """Use the cache with several keys; it answers, and warns once."""
    cache = IntelligentCache(disk=True, folder=str(place))
    keys = [str(at // 2) for at in range(2 * calls)]
    with pytest.warns(CacheWarning, match=match) as caught:
        found = [cache.get_or_compute("teacher", key, Computed()) for key in keys]
    assert all(np.array_equal(each, ARRAY) for each in found)
    assert len(caught) == 1
    stats = cache.stats()
    assert (stats["misses"], stats["hits"], stats["disk_hits"]) == (calls, calls, 0)


@pytest.mark.parametrize(
    "error",
    [
        PermissionError(errno.EROFS, "Read-only file system"),
        FileNotFoundError(errno.ENOENT, "No such file"),
        RunFolderError("user.key is open to other users"),
    ],
)
def test_a_key_that_can_be_neither_read_nor_made(tmp_path, monkeypatch, error):
    def refuse():
        raise error

    ask(tmp_path)
    monkeypatch.setattr(disk, "user_key", refuse)
    reason = getattr(error, "strerror", None) or str(error)
    once_warned(tmp_path, f"the disk cache cannot .*{reason}; the run continues .*--no-cache")
    assert len(list(disk_layout.stored(tmp_path))) == 1


def test_a_folder_that_is_a_file(tmp_path):
    tmp_path.joinpath("file").write_text("mine")
    warning = (
        r"file is a file; expected the folder of the cache; the run continues .*cache.folder=DIR"
    )
    once_warned(tmp_path / "file", warning)
    assert tmp_path.joinpath("file").read_text() == "mine"


def test_a_directory_in_place_of_an_entry_stays(tmp_path):
    ask(tmp_path)
    bad = entry_file(tmp_path, "0")
    bad.joinpath("mine").mkdir(parents=True)
    once_warned(tmp_path, f"cannot read {bad}")
    assert [each.path for each in disk_layout.stored(tmp_path)] == [entry_file(tmp_path)]
    disk_layout.trim(tmp_path, 0)
    ask(tmp_path)
    assert disk_layout.clear(tmp_path)[0] == 1
    assert bad.joinpath("mine").is_dir()


def test_a_folder_that_nobody_may_write(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    # By hand, for root may write everywhere.
    monkeypatch.setattr(disk.tempfile, "mkstemp", refuse)
    once_warned(tmp_path, r"cannot write .*Permission denied; the run continues")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_mode_read_only(tmp_path):
    ask(tmp_path)
    tmp_path.joinpath("v2", "teacher").chmod(0o500)
    assert not ask(tmp_path)[1]
    once_warned(tmp_path, "cannot write")


def test_a_file_that_nobody_may_read(tmp_path, monkeypatch):
    def refuse(*args):
        raise PermissionError(errno.EACCES, "Permission denied")

    for key in range(3):
        ask(tmp_path, key=str(key))
    monkeypatch.setattr(disk, "read_entry", refuse)
    once_warned(tmp_path, r"cannot read .*Permission denied")


def test_a_full_disk_stops_the_writing_but_not_the_reading(tmp_path, monkeypatch):
    ask(tmp_path, key="old")

    def full(file, *args):
        file.write(b"some")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk, "write_entry", full)
    once_warned(tmp_path, r"cannot write .*No space left on device")
    assert len(list(tmp_path.rglob("*.*"))) == 1  # no draft is left
    assert not ask(tmp_path, key="old")[1]


def test_the_folder_may_vanish_meanwhile(tmp_path):
    place = tmp_path / "cache"
    cache = IntelligentCache(disk=True, folder=str(place))
    for key in "ab":
        cache.get_or_compute("teacher", key, Computed())
        assert disk_layout.clear(place) == (1, pytest.approx(1200, abs=300))
        assert list(place.iterdir()) == []
        place.rmdir()
    assert np.array_equal(cache.get_or_compute("teacher", "a", Computed()), ARRAY)


def test_what_fails_to_compute_leaves_no_file(tmp_path):
    cache = IntelligentCache(disk=True, folder=str(tmp_path))
    with pytest.raises(ZeroDivisionError):
        cache.get_or_compute("teacher", "key", lambda: 1 / 0)
    assert list(tmp_path.rglob("*.*")) == []


# ------------------------------------------------------------------------ the budget


def entry_size(place, key="key"):
    ask(place, key)
    return entry_file(place, key).stat().st_size


def age(place, key, seconds):
    moment = time.time() - seconds
    os.utime(entry_file(place, key), (moment, moment))


def test_what_was_not_read_for_longest_goes_first(tmp_path):
    for at, key in enumerate("abcd"):
        ask(tmp_path, key=key)
        age(tmp_path, key, 40 - 10 * at)
    size = entry_file(tmp_path, "a").stat().st_size
    assert not ask(tmp_path, key="a")[1]  # now b is the oldest
    ask(tmp_path, key="e", max_disk_bytes=4 * size + size // 2)
    cached = {key for key in "abcde" if entry_file(tmp_path, key).exists()}
    assert cached == {"a", "c", "d", "e"}


def test_a_full_cache_frees_a_little_more_than_it_must(tmp_path, monkeypatch):
    looked, size = [], entry_size(tmp_path / "other")
    monkeypatch.setattr(disk, "trim", lambda *given: looked.append(disk_layout.trim(*given)))
    tier = DiskTier(tmp_path / "full", 32 * size)
    for at in range(64):
        tier.put("teacher", str(at), ARRAY)
        assert disk_layout.size(tmp_path / "full") <= 32 * size
    assert [len(removed) for removed in looked] == [0, *[3] * 11]


def test_an_entry_beyond_the_budget_is_not_written(tmp_path):
    assert ask(tmp_path, max_disk_bytes=100)[1]
    assert list(tmp_path.rglob("*.*")) == []


NAME = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "name",
    [
        "mine.array",
        "v1x",
        f"{NAME}.array",
        "v1/teacher/mine.csv",
        "v1/teacher/mine.array",
        "v1/teacher/tmpabcd.part",
        f"v1/teacher/{NAME}.part",
        f"v1/teacher/{NAME}-my own.part",
        f"v1/teacher/{NAME}0.array",
        f"v1/teacher/{NAME[1:]}.array",
        f"v1/teacher/{NAME.upper()}.array",
        f"v1/results/{NAME}.array",
        f"v1/results/{NAME}-abcd.part",
        f"v2.0/teacher/{NAME}.array",
        f"v1-old/teacher/{NAME}.array",
        f"v1/teacher/more/{NAME}.array",
        "v2/results/big.array",
    ],
)
@pytest.mark.parametrize("with_entry", [True, False])
def test_what_is_not_ours_is_left_alone(tmp_path, name, with_entry):
    if with_entry:
        ask(tmp_path)
    other = tmp_path / name
    other.parent.mkdir(parents=True, exist_ok=True)
    other.write_bytes(b"mine")
    os.utime(other, (0, 0))
    assert len(list(disk_layout.stored(tmp_path))) == with_entry
    disk_layout.trim(tmp_path, 0)
    assert not entry_file(tmp_path).exists()
    if with_entry:
        ask(tmp_path)
    assert disk_layout.clear(tmp_path)[0] == with_entry
    assert other.read_bytes() == b"mine"


def test_clear_removes_the_folders_it_emptied_and_no_other(tmp_path):
    ask(tmp_path)
    others = [tmp_path / "v2" / "feature", tmp_path / "v7" / "teacher"]
    for other in others:
        other.mkdir(parents=True)
    disk_layout.clear(tmp_path)
    assert all(other.is_dir() for other in others)
    assert not tmp_path.joinpath("v2", "teacher").exists()
    others[0].rmdir()
    ask(tmp_path)
    disk_layout.clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["v7"]


def test_a_draft_goes_only_when_nobody_can_be_writing_it(tmp_path, monkeypatch):
    cached = []

    def killed(file, *args):
        cached.extend(tmp_path.rglob("*.part"))
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(disk, "write_entry", killed)
        with pytest.warns(CacheWarning):
            ask(tmp_path)
    (draft,) = cached  # the name that a process killed here would have left
    draft.write_bytes(b"half")
    disk_layout.trim(tmp_path, 0)
    disk_layout.clear(tmp_path)
    assert draft.exists()
    os.utime(draft, (0, 0))
    disk_layout.clear(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_entry_files_are_readable_by_their_owner_only(tmp_path):
    ask(tmp_path)
    assert entry_file(tmp_path).stat().st_mode & 0o077 == 0


# ------------------------------------------------------------------- many processes

WRITER = """
import sys
import numpy as np
from hpmkd_defaults.caches.partitioned import IntelligentCache
for turn in range(40):
    cache = IntelligentCache(disk=True, folder=sys.argv[1], max_disk_bytes=400_000)
    for key in range(5):
        found = cache.get_or_compute("teacher", str(key), lambda: np.full(20_000, key, float))
        assert (found == key).all() and len(found) == 20_000
print(cache.stats()["disk_hits"])
"""


def test_processes_may_write_the_same_entries_at_once(tmp_path):
    """With room for two of the five, so that they remove each other's entries, too."""
    command = [sys.executable, "-W", "error", "-c", WRITER, str(tmp_path)]
    with contextlib.ExitStack() as stack:
        processes = []
        for _ in range(3):
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            stack.enter_context(process)
            # Whatever became of the others: nobody else may have to wait for it.
            stack.callback(process.kill)
            processes.append(process)
        for process in processes:
            _, err = process.communicate(timeout=120)
            assert (process.returncode, err) == (0, "")
    assert list(tmp_path.rglob(f"*{disk_layout.DRAFT_SUFFIX}")) == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for key in range(5):
            array = np.full(20_000, key, float)
            assert np.array_equal(ask(tmp_path, str(key), array)[0], array)
