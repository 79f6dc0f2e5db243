"""Runs a command that must not outlive whoever asked for it. A script of the standard library alone.

``python guard.py COMMAND …`` runs the command and ends as it does. When its own standard input closes, because its
parent closed it or was killed, it kills its process group: itself, the command, and what the command started.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

__all__: list[str] = []


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    if os.getpgrp() == os.getpid():  # never a group that is not its own
        os.killpg(os.getpgrp(), signal.SIGKILL)


def _main(command: list[str]) -> int:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
    # A command that a signal ended has no exit code of its own; shells say 128 + the signal's number.
    return ended if ended >= 0 else 128 - ended


if __name__ == "__main__":
    sys.stdout.flush()
    os._exit(_main(sys.argv[1:]))
