"""Overlapping runs leave filters and threads as the first of them found them."""

import contextlib
import threading
import warnings

import pytest
import threadpoolctl

from hpmkd.execution.process_state import preserve_process_state


def blas():
    return [
        each["num_threads"]
        for each in threadpoolctl.threadpool_info()
        if each["user_api"] == "blas"
    ]


def overlapping(first, second):
    """Let two threads enter one after the other, and leave in the same order."""
    in_first, in_second, out_first = (threading.Event() for _ in range(3))

    def one():
        with first():
            in_first.set()
            assert in_second.wait(30)
        out_first.set()

    def other():
        assert in_first.wait(30)
        with second():
            in_second.set()
            assert out_first.wait(30)

    threads = [threading.Thread(target=each) for each in (one, other)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert not any(each.is_alive() for each in threads)


class Run:
    """A run that changes something in a careful library's way."""

    def __init__(self, preserving, make):
        self.preserving, self.make = preserving(), make

    def __enter__(self):
        self.preserving.__enter__()
        self.change = self.make()
        self.change.__enter__()

    def __exit__(self, *raised):
        self.change.__exit__(*raised)
        self.preserving.__exit__(*raised)


class Erring(warnings.catch_warnings):
    def __enter__(self):
        super().__enter__()
        warnings.simplefilter("error", ResourceWarning)


class Recording(warnings.catch_warnings):
    def __init__(self):
        super().__init__(record=True)


def one_thread():
    return threadpoolctl.threadpool_limits(1)


CHANGES = {"filters": Erring, "recording": Recording, "threads": one_thread}


def process():
    known = vars(warnings)
    return {
        "list": id(warnings.filters),
        "filters": list(warnings.filters),
        "showing": (warnings.showwarning, known["_showwarnmsg_impl"]),
        "threads": blas(),
    }


@pytest.fixture
def two_threads():
    """As many as this process may use, by any setting."""
    found = threadpoolctl.ThreadpoolController().select(user_api="blas")
    before = [each.num_threads for each in found.lib_controllers]

    def put(counts):
        for each, count in zip(found.lib_controllers, counts, strict=True):
            each.set_num_threads(count)
        with found.limit(limits=None):  # gives control of OpenBLAS away
            pass

    put([2] * len(before))
    yield
    put(before)


@pytest.mark.parametrize("change", CHANGES)
def test_what_overlapping_runs_leave_is_mended(change, two_threads):
    make = CHANGES[change]
    with warnings.catch_warnings():
        before = process()
        overlapping(
            lambda: Run(preserve_process_state, make), lambda: Run(preserve_process_state, make)
        )
        assert process() == before
        overlapping(
            lambda: Run(contextlib.nullcontext, make), lambda: Run(contextlib.nullcontext, make)
        )
        # Otherwise there would be nothing to mend.
        assert process() != before


def test_a_run_that_was_alone_leaves_what_others_did_meanwhile():
    with warnings.catch_warnings():
        before = list(warnings.filters)
        with preserve_process_state():
            warnings.simplefilter("ignore", ResourceWarning)
        assert warnings.filters != before
        after = list(warnings.filters)
        with preserve_process_state():
            pass
        assert list(warnings.filters) == after


def test_a_failure_counts_as_leaving():
    with warnings.catch_warnings():
        with pytest.raises(KeyError), preserve_process_state():
            raise KeyError
        with preserve_process_state():  # alone
            warnings.simplefilter("ignore", ResourceWarning)
        assert warnings.filters[0][0] == "ignore"
        assert warnings.filters[0][2] is ResourceWarning
