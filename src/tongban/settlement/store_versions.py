"""SQL of the archive: the texts of the law, by version. Rows are only ever added."""

from collections.abc import Collection
from datetime import datetime

from tongban.infra.db import Db


async def keep(db: Db, version: str, text: str, now: datetime) -> None:
    """Whoever is first keeps it; the same version is always the same text."""
    await db.execute(
        """insert into settlement.policy_version (version, text, first_used_at) values ($1, $2, $3)
           on conflict (version) do nothing""",
        version,
        text,
        now,
    )


async def texts(db: Db, versions: Collection[str]) -> dict[str, str]:
    """Those that are kept; the others are absent."""
    rows = await db.fetch(
        "select version, text from settlement.policy_version where version = any($1::text[])", list(versions)
    )
    return {row["version"]: row["text"] for row in rows}
