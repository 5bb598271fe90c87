"""Speed and memory, each beside the plain way, in one run on the same machine. Never a timed test."""
