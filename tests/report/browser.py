"""A headless Chromium for tests: it opens a file, is asked about it, and is closed with all it wrote.

It is driven over two pipes with the DevTools protocol (JSON messages ended by a zero byte), so no port is opened and no
package is needed.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PATIENCE_S = 60.0
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip
# The browser reads from descriptor 3 and writes to 4.
_LAUNCH = "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"

DESKTOP = {"width": 1440, "height": 900, "deviceScaleFactor": 1, "mobile": False}
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 3, "mobile": True}


def find_chromium() -> str | None:
    """The program, or None where there is none."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


class Browser:
    """One page of a running browser. `requests`: addresses it asked for; `errors`: what its console complained about."""

    def __init__(self, send: int, receive: int) -> None:
        self._send, self._receive = send, receive
        self._unread = b""
        self._last = 0
        self._events: list[dict[str, Any]] = []
        self._session: str | None = None
        self.requests: list[str] = []
        self.errors: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def open(
        self, page: Path, *, device: dict[str, Any] = DESKTOP, dark: bool = False, anchor: str = ""
    ) -> None:
        """Load a file and wait until it and its pictures are there."""
        self.call("Emulation.setDeviceMetricsOverride", **device)
        colours = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[colours])
        self.requests, self.errors, self._events = [], [], []
        self.call("Page.navigate", url="about:blank")
        self._wait("Page.loadEventFired")
        self.requests, self.errors, self._events = [], [], []
        self.call("Page.navigate", url=page.as_uri() + (f"#{anchor}" if anchor else ""))
        self._wait("Page.loadEventFired")
        self.evaluate("Promise.all([...document.images].map(i => i.decode().catch(() => 0))).then(() => 1)")

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression in the page, as plain data; the page's own policy does not bind it."""
        said = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in said:
            raise AssertionError(f"{script[:200]}: {said['exceptionDetails']}")
        return said["result"].get("value")

    def click(self, selector: str) -> None:
        """Press the mouse in the middle of an element."""
        script = (
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center'}});"
            "const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        x, y = self.evaluate(script)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def screenshot(self, to: Path, *, whole: bool = True) -> None:
        """A PNG of the page, or of what of it is on the screen."""
        extra: dict[str, Any] = {}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 16000), "scale": 1}
            extra = {"captureBeyondViewport": True, "clip": clip}
        to.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png", **extra)["data"]))

    def pdf(self) -> bytes:
        """The page as it is printed."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=False)["data"])

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the protocol; its result. Raises AssertionError if the browser refuses it."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._send, data) :]
        while True:
            got = self._read()
            if got.get("id") == self._last:
                if "error" in got:
                    raise AssertionError(f"{method}: {got['error']}")
                result: dict[str, Any] = got["result"]
                return result
            self._note(got)

    def _wait(self, event: str) -> None:
        while not any(e["method"] == event for e in self._events):
            self._note(self._read())
        self._events = [e for e in self._events if e["method"] != event]

    def _note(self, event: dict[str, Any]) -> None:
        self._events.append(event)
        params = event.get("params", {})
        if event["method"] == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif event["method"] == "Log.entryAdded":
            self.errors.append(params["entry"]["text"])
        elif event["method"] in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            self.errors.append(json.dumps(params))
        elif event["method"] == "Page.javascriptDialogOpening":
            self.errors.append(f"dialog: {params['message']}")

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            if not select.select([self._receive], [], [], PATIENCE_S)[0]:
                raise AssertionError(f"the browser said nothing for {PATIENCE_S:g} s")
            chunk = os.read(self._receive, 1 << 20)
            if not chunk:
                raise AssertionError("the browser ended")
            self._unread += chunk
        message, _, self._unread = self._unread.partition(b"\0")
        decoded: dict[str, Any] = json.loads(message)
        return decoded


@contextlib.contextmanager
def browser(program: str) -> Iterator[Browser]:
    """A browser with a profile of its own, which is gone afterwards."""
    to_it, from_it = os.pipe(), os.pipe()
    # Out of the way of 3 and 4, whatever the numbers the pipes got.
    read_end, write_end = (fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (to_it[0], from_it[1]))
    with tempfile.TemporaryDirectory(prefix="journeyman-browser-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCH, str(read_end), str(write_end), program, *_FLAGS, f"--user-data-dir={profile}"],
            pass_fds=(read_end, write_end), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        for fd in (to_it[0], from_it[1], read_end, write_end):
            os.close(fd)
        try:
            yield Browser(to_it[1], from_it[0])
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            os.close(to_it[1])
            os.close(from_it[0])
