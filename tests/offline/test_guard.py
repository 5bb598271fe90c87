"""Nothing the tests start can leave this machine unseen. Each attempt here is meant, and has a log of its own."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from utils.notebooks import run_notebook

ROOT = Path(__file__).resolve().parents[2]
LOG = "COURSE_NETWORK_LOG"
BEYOND = "192.0.2.1"  # reserved for documentation: nobody answers there
ATTEMPTS = {
    "connect": f"socket.socket().connect(('{BEYOND}', 80))",
    "connect_ex": f"socket.socket().connect_ex(('{BEYOND}', 80))",
    "connect over IPv6": "socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80))",
    "datagram": f"socket.socket(type=socket.SOCK_DGRAM).sendto(b'', ('{BEYOND}', 53))",
    "message": f"socket.socket(type=socket.SOCK_DGRAM).sendmsg([b''], [], 0, ('{BEYOND}', 53))",
    "look-up": "socket.getaddrinfo('example.org', 443)",
    "old look-up": "socket.gethostbyname('example.org')",
    "reverse look-up": f"socket.gethostbyaddr('{BEYOND}')",
    "name of an address": f"socket.getnameinfo(('{BEYOND}', 80), 0)",
    "connection": f"socket.create_connection(('{BEYOND}', 80), timeout=1)",
    "without the socket module": f"import _socket; _socket.socket().connect(('{BEYOND}', 80))",
    "download": "import urllib.request; urllib.request.urlopen('http://example.org')",
}


if not hasattr(socket.socket, "sendmsg"):  # Windows
    del ATTEMPTS["message"]


@pytest.fixture
def log(tmp_path, monkeypatch):
    """The file that attempts are noted in, for the time of a test."""
    path = tmp_path / "network.log"
    monkeypatch.setenv(LOG, str(path))
    return path


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_a_subprocess_cannot_leave_this_machine_and_the_attempt_is_noted(log, attempt):
    command = [sys.executable, "-c", f"import socket; {attempt}"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert "The tests run offline" in done.stderr
    assert len(log.read_text().splitlines()) == 1


def test_a_kernel_cannot_leave_this_machine_and_the_attempt_is_noted(log, tmp_path):
    cells = [
        new_code_cell("output_dir: str = ''", metadata={"tags": ["parameters"]}),
        new_code_cell(f"import socket; {ATTEMPTS['connect']}"),
    ]
    kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernelspec}), tmp_path / "a.ipynb")
    run = run_notebook(tmp_path / "a.ipynb", tmp_path / "run" / "a.ipynb")
    assert run.error.name == "OSError"
    assert BEYOND in log.read_text()


def test_the_running_pytest_is_guarded_itself(log):
    with pytest.raises(OSError, match="offline"):
        socket.socket().connect((BEYOND, 80))
    assert "socket.connect ('192.0.2.1', 80)" in log.read_text()


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_loopback_works(log, family, host):
    with socket.socket(family) as server:
        try:
            server.bind((host, 0))
        except OSError:
            pytest.skip(f"this machine has no {host}")
        server.listen()
        with socket.create_connection(("localhost" if family == socket.AF_INET else host, server.getsockname()[1])):
            pass
    assert not log.exists()


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="Windows has no sockets in the file system")
def test_this_machine_may_ask_for_its_own_name(log):
    socket.getfqdn(socket.gethostname())
    assert not log.exists()


def test_sockets_in_the_file_system_work(log):
    one, two = socket.socketpair(socket.AF_UNIX)
    with one, two, socket.socket(socket.AF_UNIX) as third, pytest.raises(FileNotFoundError):
        third.connect("/no/such/socket")
    assert not log.exists()


def test_a_session_fails_when_an_attempt_was_swallowed(tmp_path):
    test = tmp_path / "test_quiet.py"
    test.write_text(f"import socket\ndef test_quiet():\n    try: {ATTEMPTS['connect']}\n    except OSError: pass\n")
    environment = {name: value for name, value in os.environ.items() if name != LOG}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # they take seconds
    options = ["-o", "addopts=", "-p", "tests.offline.plugin", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *options, str(test)]
    done = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert "1 passed" in done.stdout
    assert "socket.connect ('192.0.2.1', 80)" in done.stdout
    assert done.returncode == 1
