"""What the driver sent, and which tables its statements would read from end to end."""

import asyncio
from collections.abc import Iterator
from typing import Any

from tongban.infra.db import Connection


def scanned_whole(plan: Any) -> Iterator[str]:
    """The relations a plan reads from end to end."""
    if isinstance(plan, list):
        for part in plan:
            yield from scanned_whole(part)
    elif isinstance(plan, dict):
        if plan.get("Node Type") == "Seq Scan":
            yield plan["Relation Name"]
        for part in plan.values():
            yield from scanned_whole(part)


class Watched:
    """Every statement the driver sent, with its arguments."""

    def __init__(self, db: Connection) -> None:
        self.sent: list[tuple[str, Any]] = []
        db.add_query_logger(lambda record: self.sent.append((record.query, record.args)))

    async def take(self) -> list[tuple[str, Any]]:
        await asyncio.sleep(0)  # loggers are called from the event loop, a turn later
        sent, self.sent = self.sent, []
        # The driver's own questions about types, once a connection.
        return [(query, arguments) for query, arguments in sent if "typeinfo_tree" not in query]


async def whole_scans(db: Connection, statements: list[tuple[str, Any]]) -> set[str]:
    found: set[str] = set()
    for query, arguments in statements:
        if query.lstrip().lower().startswith(("select", "with", "insert", "update")):
            plan = await db.fetchval(f"explain (format json) {query}", *(arguments or ()))
            found |= set(scanned_whole(plan))
    return found
