"""The guard that keeps the tests offline: beyond this machine, nothing connects and no name is looked up.

Python imports a `sitecustomize` from its path before anything else runs, so that with this folder on PYTHONPATH
every kernel and every other Python that the tests start is guarded too. An audit hook cannot be removed, nor
dodged by importing the socket's methods early. What it cannot see: programs that are not Python, and libraries
that open sockets of their own in C.
"""

import ipaddress
import os
import socket
import sys
import traceback

LOG = "COURSE_NETWORK_LOG"  # the environment variable with the file that every refused attempt is noted in
# Which of an event's arguments is the address or the name.
POSITIONS = {
    "socket.connect": 1,  # connect_ex too
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.gethostbyaddr": 0,
    "socket.getnameinfo": 0,
}
INTERNET = (socket.AF_INET, socket.AF_INET6)


def refuse_beyond_loopback(event, arguments):
    """The audit hook: note and refuse what would leave this machine."""
    if event not in POSITIONS:
        return
    family = getattr(arguments[0], "family", None)
    address = arguments[POSITIONS[event]]
    host = address[0] if isinstance(address, tuple) else address
    if (family is not None and family not in INTERNET) or stays_here(host):
        return
    note(f"{event} {address!r}")
    raise OSError(f"The tests run offline: {event} to {address!r} was refused by {__file__}")


def stays_here(host):
    """Whether a host is this machine: loopback by number or name, its own name (torchrun asks for it), or no host at all."""
    if isinstance(host, bytes | bytearray):
        host = host.decode("ascii", "replace")
    own = socket.gethostname().lower()
    if not host or host.lower() in ("localhost", "localhost.localdomain", "ip6-localhost", own):
        return True
    try:
        number = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    number = getattr(number, "ipv4_mapped", None) or number
    return number.is_loopback or number.is_unspecified


def note(attempt):
    """One line for the log: what was tried, by which program, from where."""
    log = os.environ.get(LOG)
    if not log:
        return
    callers = traceback.extract_stack()[-8:-2]  # without the guard itself
    trail = " > ".join(f"{os.path.basename(frame.filename)}:{frame.lineno}" for frame in callers)
    with open(log, "a", encoding="utf-8") as file:
        file.write(f"{attempt} by {sys.argv[:2]} ({trail})\n")


sys.addaudithook(refuse_beyond_loopback)
