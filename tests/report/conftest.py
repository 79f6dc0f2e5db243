"""A real browser, driven through a pipe in its own protocol: no driver, no port and no library are needed."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time

import pytest

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


class Page:
    """One tab: opens a file with the network off, remembers every complaint, runs expressions."""

    def __init__(self, executable, profile):
        down, self._out = os.pipe()
        self._in, up = os.pipe()
        flags = (
            "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
            "--disable-component-update --disable-sync --disable-extensions --hide-scrollbars --remote-debugging-pipe"
        ).split()
        started = ["bash", "-c", f'exec "$0" "$@" 3<&{down} 4>&{up}', executable, *flags, f"--user-data-dir={profile}"]
        self._process = subprocess.Popen(
            started, pass_fds=(down, up), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(down)
        os.close(up)
        self._number, self._rest, self.complaints, self.asked = 0, b"", [], []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)

    _session = None

    def call(self, method, **parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        message |= {"sessionId": self._session} if self._session else {}
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                return answer["result"]

    def _read(self):
        while b"\0" not in self._rest:
            got = os.read(self._in, 1 << 20)
            assert got, "the browser has gone"
            self._rest += got
        text, _, self._rest = self._rest.partition(b"\0")
        answer = json.loads(text)
        told = answer.get("params", {})
        if answer.get("method") in {"Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"}:
            self.complaints.append(json.dumps(told)[:2000])
        if answer.get("method") == "Network.requestWillBeSent":
            self.asked.append(told["request"]["url"])
        return answer

    def open(self, file, width=1200, height=900, mobile=False):
        self.complaints.clear()
        self.asked.clear()
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        self.call("Page.navigate", url=file.as_uri())
        self.until("document.readyState === 'complete'")
        return self

    def run(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, expression, seconds=20):
        end = time.monotonic() + seconds
        while not self.run(f"Boolean({expression})"):
            assert time.monotonic() < end, f"never came true: {expression}; {self.complaints}"
            time.sleep(0.02)

    def enter(self, name, value):
        """Set a control as a hand would, and return whether it took the value."""
        told = json.dumps(str(value))
        return self.run(
            f"(() => {{const c = document.getElementById('{name}'); c.value = {told};"
            f"for (const kind of ['input', 'change']) c.dispatchEvent(new Event(kind, {{bubbles: true}}));"
            f"return c.value === {told};}})()"
        )

    def numbers(self, name):
        """Return the full numbers behind what an output shows."""
        shown = self.run(f"({{...document.getElementById('{name}').dataset}})")
        return {key: float(value) for key, value in shown.items()}

    def text(self, name):
        return self.run(f"document.getElementById('{name}').textContent")

    def press(self, key):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=_KEYS[key])

    def picture(self, path):
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def printed(self):
        return base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True)["data"])

    def close(self):
        os.close(self._out)
        os.close(self._in)
        self._process.terminate()
        self._process.wait(20)


_KEYS = {"ArrowRight": 39, "ArrowLeft": 37, "Tab": 9, "Home": 36, "End": 35, "PageUp": 33}


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    executable = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if executable is None:
        pytest.skip(f"no Chromium is installed (looked for {', '.join(_CHROMIUM)})")
    page = Page(executable, tmp_path_factory.mktemp("profile"))
    yield page
    page.close()
