"""A headless Chromium that a test drives through the DevTools protocol."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SECONDS = 60


def executable():
    """Return where a Chromium is; None if there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One tab. What it logs and requests is kept since the last :meth:`open`."""

    def __init__(self, socket):
        self._socket, self._numbers = socket, itertools.count(1)
        self.events = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        """Send a command and return its result; events that come before it are kept."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == number:
                assert "error" not in message, message["error"]
                return message["result"]
            if "method" in message:
                self.events.append(message)

    def open(self, path, *, width=1280, height=900, theme="light", scripts=True):
        """Load a file in a window of a size, and wait until it is drawn."""
        self.events = []
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        preference = {"name": "prefers-color-scheme", "value": theme}
        self.call("Emulation.setEmulatedMedia", features=[preference])
        self.call("Page.navigate", url=Path(path).absolute().as_uri())
        self._wait_for("Page.loadEventFired")

    def _wait_for(self, method):
        until = time.monotonic() + SECONDS
        while not any(event["method"] == method for event in self.events):
            assert time.monotonic() < until, f"no {method} within {SECONDS} s"
            self.run("1")

    def run(self, source):
        """Return the value of an expression; a promise is waited for."""
        found = self.call(
            "Runtime.evaluate", expression=source, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def press(self, key, code):
        """Press and release a key."""
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=code,
                text="\r" if key == "Enter" and kind == "keyDown" else "",
            )

    def of(self, *methods):
        """Return the events of these kinds since the page was opened."""
        self.run("1")
        return [event["params"] for event in self.events if event["method"] in methods]

    def screenshot(self, path):
        """Write the whole page as PNG."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        Path(path).write_bytes(base64.b64decode(shot["data"]))


@contextlib.contextmanager
def browser():
    """Start Chromium, give its tab, end it."""
    from websocket import create_connection

    with tempfile.TemporaryDirectory() as profile:
        command = [
            executable(),
            "--headless=new",
            "--no-sandbox",  # CI runs as root
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--no-first-run",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
            "about:blank",
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            port = _port(Path(profile, "DevToolsActivePort"), process)
            with urlopen(f"http://127.0.0.1:{port}/json/list", timeout=SECONDS) as answer:
                tabs = json.load(answer)
            address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
            socket = create_connection(address, timeout=SECONDS, suppress_origin=True)
            try:
                yield Browser(socket)
            finally:
                socket.close()
        finally:
            process.terminate()
            process.wait(SECONDS)


def _port(path, process):
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, f"Chromium ended with code {process.returncode}"
        if path.is_file() and (text := path.read_text()):
            return int(text.split()[0])
        time.sleep(0.05)
    raise AssertionError(f"Chromium opened no port within {SECONDS} s")


@pytest.fixture(scope="session")
def tab():
    """Return a tab of a headless Chromium; CI must have one."""
    if executable() is None:
        if os.environ.get("CI"):
            pytest.fail("CI has no Chromium; .ci/run installs it")
        pytest.skip("there is no Chromium; install one: apt-get install chromium")
    with browser() as opened:
        yield opened
