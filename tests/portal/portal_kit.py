"""A browser without a screen, and bills to look at."""

import hashlib
import itertools
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self

import httpx
from litestar import Litestar

from tongban import settlement
from tongban.directory import Regions
from tongban.infra.db import Db
from tongban.kernel.identifiers import ENCOUNTER, OutsideNumber
from tongban.kernel.vocabulary import CareKind, InsuranceType
from tongban.law import Pack
from tongban.settlement import LineUpload, OpenEncounter, Settled, SettleRequest

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)  # ten in the morning in China
WANG, LI = 318204759610243, 604917382055126  # of the demo's cast: 居民医保 and 职工医保, 太原
BEIJING_HOSPITAL = "H11010122385"

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
_serials = itertools.count(1)


@dataclass
class Clock:
    """A clock that tests set."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def later(self, **parts: float) -> None:
        self.now += timedelta(**parts)


@dataclass
class Browser:
    """Keeps cookies, follows nothing by itself, and sends forms with the token of the last page it saw."""

    http: httpx.AsyncClient
    page: str = ""
    seen: list[httpx.Response] = field(default_factory=list)

    @classmethod
    def of(cls, app: Litestar, base_url: str = "http://portal.test") -> Self:
        # Errors are answered, not raised: what the person sees is what is tested.
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
        return cls(httpx.AsyncClient(transport=transport, base_url=base_url))

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return self._saw(await self.http.get(path, **more))

    async def post(self, path: str, fields: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        if (found := _CSRF.search(self.page)) is None:
            raise AssertionError("the last page had no form")
        return self._saw(await self.http.post(path, data={"csrf": found[1], **(fields or {})}, **more))

    async def follow(self, response: httpx.Response) -> httpx.Response:
        while response.is_redirect:
            response = await self.get(response.headers["location"])
        return response

    async def sign_in(self, key: str, *, consent: bool = True) -> httpx.Response:
        """As one of the demo's residents."""
        await self.get("/sign-in")
        response = await self.follow(await self.post("/sign-in", {"resident": key}))
        if consent and response.url.path == "/consent":
            response = await self.follow(await self.post("/consent", {"agree": "1"}))
        return response

    def _saw(self, response: httpx.Response) -> httpx.Response:
        self.seen.append(response)
        if response.headers.get("content-type", "").startswith("text/html"):
            self.page = response.text
        return response


async def count(app: Litestar, table: str) -> int:
    """Rows of a table."""
    async with app.state.pool.acquire() as connection:
        found: int = await connection.fetchval(f"select count(*) from {table}")
    return found


async def pay(
    db: Db,
    pack: Pack,
    regions: Regions,
    *,
    person_id: int,
    insurance_type: InsuranceType,
    institution_code: str,
    now: datetime,
    total_fen: int = 3_860_000,
    care_kind: CareKind = CareKind.INPATIENT,
    admitted_on: date,
    settled_on: date,
) -> Settled:
    """One bill of one class-A and one class-B item, settled as a hospital would."""
    serial = next(_serials)
    message = f"{institution_code}{now:%Y%m%d%H%M%S}{serial:06d}"
    encounter = await settlement.open_encounter(
        db,
        pack,
        regions,
        OpenEncounter(
            person_id=person_id,
            institution_code=institution_code,
            care_kind=care_kind,
            hospital_serial=f"ZY{serial}-{now:%H%M%S}",
            insurance_type=insurance_type,
            admitted_on=admitted_on,
            message_id=message,
            transaction_code="2401",
            request_hash=hashlib.sha256(message.encode()).digest(),
        ),
        now=now,
    )
    number = OutsideNumber(ENCOUNTER, person_id, encounter.encounter_serial)
    batch = "" if care_kind is CareKind.INPATIENT else f"P{serial}"
    part = total_fen // 4
    lines = [
        LineUpload(
            line_serial=f"L{serial}-{item}",
            item_code=item,
            happened_on=admitted_on,
            quantity_e4=10_000,
            unit_price_e6=amount * 10_000,
            total_fen=amount,
            batch=batch,
        )
        for item, amount in zip(await _items(db), (total_fen - part, part), strict=True)
    ]
    await settlement.upload_lines(db, number, institution_code, lines, now=now)
    return await settlement.settle(
        db,
        pack,
        regions,
        SettleRequest(
            person_id=person_id,
            encounter_serial=encounter.encounter_serial,
            institution_code=institution_code,
            insurance_type=insurance_type,
            total_fen=total_fen,
            use_account=True,
            settled_on=settled_on,
            discharged_on=settled_on if care_kind is CareKind.INPATIENT else None,
            batch=batch,
            message_id=message + "S",
            transaction_code="2304" if care_kind is CareKind.INPATIENT else "2207",
            request_hash=hashlib.sha256(message.encode() + b"S").digest(),
        ),
        now=now,
    )


async def _items(db: Db) -> tuple[str, str]:
    """A class-A and a class-B item without a price cap that the whole nation lists."""
    rows = await db.fetch(
        """select distinct on (catalog_class) item_code from directory.catalog_item
           where catalog_region = '000000' and catalog_class in ('a', 'b') and price_cap_microyuan is null
             and not is_restricted
           order by catalog_class, item_code"""
    )
    return rows[0]["item_code"], rows[1]["item_code"]
