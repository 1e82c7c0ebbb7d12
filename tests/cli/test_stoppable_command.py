"""Commands that read rows end at Ctrl-C, whatever they are at."""

import signal
import subprocess
import sys

import pytest

from hpmkd.cli import COMMANDS, cli
from hpmkd.cli.stoppable_command import StoppableCommand

#: As a query of DuckDB may be, the second one is deaf to signals for minutes.
WAITS = {
    "python": "time.sleep(600)",
    "C": "hashlib.pbkdf2_hmac('sha256', b'', b'', 2_000_000_000)",
}
COMMAND = """
import hashlib, time
from hpmkd.cli import cli
from hpmkd.cli.stoppable_command import StoppableCommand

@cli.command(cls=StoppableCommand)
def wait():
    print("begun", flush=True)
    {}

cli(["wait"])
"""


@pytest.mark.parametrize("code", WAITS.values(), ids=WAITS)
def test_ctrl_c_ends_it_on_the_spot(code):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", COMMAND.format(code)], **options) as process:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "\nstopped\n"


@pytest.mark.parametrize("name", ["predict", "evaluate", "explain"])
def test_what_reads_rows_is_such_a_command(name):
    assert name in COMMANDS
    assert isinstance(cli.get_command(None, name), StoppableCommand)
