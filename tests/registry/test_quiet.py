"""What plugins print while they are loaded goes to stderr, and no other output does."""

import contextlib
import io
import sys
import threading

from hpmkd.registry.plugins import quiet


@contextlib.contextmanager
def streams():
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield out, err


def test_it_goes_to_stderr_and_back():
    with streams() as (out, err):
        with quiet():
            print("loud")
            with quiet():
                print("louder")
            print("loud still")
        print("a result")
        assert sys.stdout is out
    assert (out.getvalue(), err.getvalue()) == ("a result\n", "loud\nlouder\nloud still\n")


def test_two_threads_at_once_give_the_output_back():
    in_first, in_second, out_first = (threading.Event() for _ in range(3))

    def first():
        with quiet():
            in_first.set()
            assert in_second.wait(30)
        out_first.set()

    with streams() as (out, err):
        thread = threading.Thread(target=first)
        thread.start()
        assert in_first.wait(30)
        print("not a plugin's")
        with quiet():
            in_second.set()
            assert out_first.wait(30)
            print("a plugin's")
        thread.join(30)
        assert sys.stdout is out
    assert (out.getvalue(), err.getvalue()) == ("not a plugin's\n", "a plugin's\n")


def test_an_output_that_was_replaced_meanwhile_stays():
    with streams():
        other = io.StringIO()
        with quiet():
            sys.stdout = other
        assert sys.stdout is other
