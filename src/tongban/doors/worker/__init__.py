"""The worker's door: what is done after the answer was given, and what is done by the clock."""

from tongban.doors.worker.context import Context, Handler, Ids
from tongban.doors.worker.registry import CHORES, HANDLERS, Chore
from tongban.doors.worker.run import run

__all__ = ["CHORES", "HANDLERS", "Chore", "Context", "Handler", "Ids", "run"]
