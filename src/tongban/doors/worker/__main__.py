"""``python -m tongban.doors.worker PARENT``: the worker beside the web processes, ending with the process PARENT."""

import asyncio
import sys

from tongban.doors.worker.run import run
from tongban.infra.logs import log_for_machines
from tongban.infra.workers import die_with_parent
from tongban.kernel.errors import Refusal
from tongban.settings import Settings

if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    log_for_machines()
    try:
        asyncio.run(run(Settings.from_env()))
    except Refusal as refusal:
        sys.exit(refusal.sentence)
