"""Worker processes must not outlive the process that started them."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1
_LOOK_SECONDS = 0.5


def die_with_parent(parent_pid: int | None = None) -> None:
    """Called by a worker as soon as it can: end in order (SIGTERM) when the parent dies, however it dies.

    An orphan would hold the port, answer every page with an error and keep the next start from working. `parent_pid`
    is told to processes that multiprocessing did not start; without it, and without a multiprocessing parent, nothing
    is done.
    """
    if parent_pid is None:
        parent = multiprocessing.parent_process()
        if parent is None or parent.pid is None:
            return
        parent_pid = parent.pid
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent_pid:  # it died before we asked
            os._exit(1)
    else:
        threading.Thread(target=_end_after, args=(parent_pid,), daemon=True).start()


def _end_after(parent_pid: int) -> None:
    while os.getppid() == parent_pid:
        time.sleep(_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
