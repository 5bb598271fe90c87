"""Chromium without a window, driven through a pair of pipes: what a test of a web page needs, and no package for it.

The commands and events are those of the Chrome DevTools Protocol, https://chromedevtools.github.io/devtools-protocol/.
"""

import base64
import json
import os
import select
import shutil
import signal
import time
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--headless=new", "--remote-debugging-pipe", "--no-first-run", "--no-default-browser-check", "--disable-gpu",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
         "--disable-dev-shm-usage", "--use-fake-device-for-media-stream", "--force-color-profile=srgb",
         "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"]  # fmt: skip
PATIENCE = 300  # seconds, for whatever a page is asked: a busy machine fails no test
KEYS = {"Tab": 9, "Enter": 13, " ": 32, "PageUp": 33, "PageDown": 34, "End": 35, "Home": 36,
        "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}  # fmt: skip


def chromium() -> str | None:
    """The browser's path, or None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """A running Chromium with a profile of its own."""

    def __init__(self, profile):
        import fcntl  # Windows has it not, and imports this file too

        down, self._write = os.pipe()
        self._read, up = os.pipe()
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (down, up)]  # neither 3 nor 4, which they become
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        command = [chromium(), *FLAGS, *root, f"--user-data-dir={profile}", "about:blank"]
        quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
        joined = [
            (os.POSIX_SPAWN_DUP2, end, number) for end, number in zip(ends, (3, 4))
        ]  # where Chromium looks for them
        # Not subprocess, which would fork: after an exporter has run in this process, a forked child does not work.
        self._pid = os.posix_spawn(command[0], command, os.environ, file_actions=quiet + joined)
        for end in (down, up, *ends):
            os.close(end)
        self._left, self._number, self.events = b"", 0, []

    def call(self, method, session=None, **parameters) -> dict:
        """The result of a command; events that arrive meanwhile are kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._write, data) :]
        deadline = time.monotonic() + PATIENCE
        while (answer := self._next(deadline, method)).get("id") != self._number:
            self.events.append(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def _next(self, deadline, method):
        while b"\0" not in self._left:
            if not select.select([self._read], [], [], max(0, deadline - time.monotonic()))[0]:
                raise TimeoutError(f"no answer to {method} within {PATIENCE} s")
            found = os.read(self._read, 1 << 20)
            if not found:
                raise RuntimeError(f"the browser ended during {method}")
            self._left += found
        message, _, self._left = self._left.partition(b"\0")
        return json.loads(message)

    @contextmanager
    def page(self, address, before="", width=1280, height=900):
        """Yields a Page at an address, in a tab with nothing kept from others.

        Args:
            before: a script that runs before those of the page.
        """
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session, context)
        try:
            for domain in ("Page", "Runtime", "Network", "Log"):
                page.call(f"{domain}.enable")
            page.resize(width, height)
            if before:
                page.call("Page.addScriptToEvaluateOnNewDocument", source=before)
            page.call("Page.navigate", url=address)
            page.wait("document.readyState === 'complete' && location.href !== 'about:blank'")
            yield page
        finally:
            self.call("Target.disposeBrowserContext", browserContextId=context)
            self.events = [each for each in self.events if each.get("sessionId") != session]

    def close(self):
        with suppress(RuntimeError, OSError):
            self.call("Browser.close")
        deadline = time.monotonic() + PATIENCE
        while not os.waitpid(self._pid, os.WNOHANG)[0]:
            if time.monotonic() > deadline:
                os.kill(self._pid, signal.SIGKILL)
            time.sleep(0.05)
        os.close(self._read)
        os.close(self._write)


class Page:
    """One tab: scripts, files, keys, mouse, pictures of it, what it complains of, what it has asked the network for."""

    def __init__(self, browser, session, context):
        self._browser, self._session, self._context = browser, session, context

    def call(self, method, **parameters):
        return self._browser.call(method, self._session, **parameters)

    def resize(self, width, height=900):
        """A window so wide is a phone's below 600 pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def js(self, expression):
        """The value of an expression, awaited where it is a promise; an error in it is one here."""
        found = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"].get("exception", {}).get("description", str(found)))
        return found["result"].get("value")

    def wait(self, condition, seconds=PATIENCE, pause=0.03):
        """Until a condition holds, asked every `pause` seconds; what the page shows is in the error where it does not."""
        deadline = time.monotonic() + seconds
        while not self.js(condition):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {seconds} s: {condition}\n{self.js('document.body.innerText')[:1500]}")
            time.sleep(pause)

    def choose(self, selector, files):
        """Put files into a file input, as a person does in the dialogue."""
        document = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=document, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(path) for path in files])

    def allow(self, *permissions):
        """Give the page what a person would be asked for."""
        self._browser.call("Browser.grantPermissions", permissions=permissions, browserContextId=self._context)

    def press(self, key, code=None, text=""):
        """A key, down and up."""
        for kind in ("keyDown", "keyUp"):
            more = {"text": text} if text and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=code or key,
                      windowsVirtualKeyCode=KEYS.get(key, 0), **more)  # fmt: skip

    def drag(self, element, right):
        """Take hold of an element (an expression) in its middle, move the mouse so many pixels to the right, let go."""
        x, y = self.js(f"""(({{ x, y, width, height }}) => [x + width / 2, y + height / 2])(
            {element}.getBoundingClientRect())""")
        self._mouse("mouseMoved", x, y, buttons=0)
        self._mouse("mousePressed", x, y, buttons=1)
        for part in (0.25, 0.5, 0.75, 1):
            self._mouse("mouseMoved", x + part * right, y, buttons=1)
        self._mouse("mouseReleased", x + right, y, buttons=0)

    def _mouse(self, kind, x, y, buttons):
        button = "none" if kind == "mouseMoved" and not buttons else "left"
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, buttons=buttons, clickCount=1)

    def events(self, method):
        """The parameters of the events of a kind so far."""
        self.js("0")  # what was sent before it has arrived then
        return [each["params"] for each in self._browser.events
                if each.get("sessionId") == self._session and each["method"] == method]  # fmt: skip

    def requests(self):
        """The addresses that the page has asked for, sockets among them."""
        asked = [each["request"]["url"] for each in self.events("Network.requestWillBeSent")]
        return asked + [each["url"] for each in self.events("Network.webSocketCreated")]

    def complaints(self):
        """What the page says in its console: exceptions that nobody caught, and messages that are errors."""
        thrown = [each["exceptionDetails"] for each in self.events("Runtime.exceptionThrown")]
        logged = [each["entry"] for each in self.events("Log.entryAdded")]
        said = [each for each in self.events("Runtime.consoleAPICalled") if each["type"] in ("error", "assert")]
        return [
            *(each.get("exception", {}).get("description", each["text"]) for each in thrown),
            *(f"{each['text']} {each.get('url', '')}" for each in logged if each["level"] == "error"),
            *(" ".join(str(one.get("value", one.get("description"))) for one in each["args"]) for each in said),
        ]

    def screenshot(self, path, whole=True):
        """A picture of the page, to its end."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *ignored):
        """Not one line a request."""


@contextmanager
def served(folder):
    """Yields the address of a folder, served as `python -m http.server` does."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
