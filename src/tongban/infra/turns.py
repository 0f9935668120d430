"""So many at once, the others wait: for what takes much memory, or waits for somebody else's service."""

from anyio import CapacityLimiter
from anyio.lowlevel import RunVar


class Turns:
    """At most `count` in each process: ``async with TURNS.take(): …``.

    A limiter belongs to a running event loop; web processes have one, tests one after another.
    """

    def __init__(self, name: str, count: int) -> None:
        self._count = count
        self._limiters: RunVar[CapacityLimiter] = RunVar(name)

    def take(self) -> CapacityLimiter:
        try:
            return self._limiters.get()
        except LookupError:
            limiter = CapacityLimiter(self._count)
            self._limiters.set(limiter)
            return limiter
