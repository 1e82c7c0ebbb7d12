"""``hpmkd warm``: compiles all kernels ahead of their use."""

from __future__ import annotations

import time
from contextlib import nullcontext

import click

from hpmkd.cli.options import quiet_option


@click.command("warm")
@quiet_option
def command(quiet: bool) -> None:
    """Compile all kernels ahead, into numba's cache.

    Otherwise each is compiled when it is first needed. Run this where an image is built, as
    the user and with the NUMBA_CACHE_DIR of the service. A second run only checks that
    everything is there. Students need none of them where hpmkd-runtime is installed with its C
    kernel; HPMKD_KERNELS=c, numba or numpy forces what answers.

    \b
    Example:
      export NUMBA_CACHE_DIR=/app/kernels
      hpmkd warm && hpmkd predict runs/adult new.csv
    """
    from hpmkd.cli.output.json_lines import note
    from hpmkd.kernels import packed, warming
    from hpmkd.progress.heartbeat import Waiting

    started = time.perf_counter()
    note(f"students predict with {packed.backend_name()} kernels")
    steps = list(warming.steps())
    for number, (name, compile_all) in enumerate(steps, start=1):
        note(f"[{number}/{len(steps)}] {name}")
        with nullcontext() if quiet else Waiting(name):
            compile_all()
    refused = warming.refused_folder()
    if refused is not None:
        click.echo(
            f"warning: NUMBA_CACHE_DIR={refused} cannot be written, so numba uses another "
            "folder: make it writeable and run hpmkd warm again",
            err=True,
        )
    seconds = time.perf_counter() - started
    click.echo(f"all kernels are ready after {seconds:.1f} s, in {warming.cache_folder()}")
