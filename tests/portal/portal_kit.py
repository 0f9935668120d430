"""A browser without a screen, and bills to look at."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self

import httpx
from litestar import Litestar

from bills_kit import BEIJING_HOSPITAL, WANG, pay
from tongban.kernel.vocabulary import CareKind, InsuranceType
from tongban.settlement import Settled

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)  # ten in the morning in China

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


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


@dataclass
class Till:
    """A hospital in Beijing that settles bills of the demo's residents."""

    app: Litestar

    async def pay(self, person_id: int = WANG, **more: Any) -> Settled:
        state = self.app.state
        known = {
            "insurance_type": InsuranceType.RESIDENT,
            "institution_code": BEIJING_HOSPITAL,
            "now": state.clock(),
            "care_kind": CareKind.INPATIENT,
            "admitted_on": date(2026, 11, 12),
            "settled_on": date(2026, 11, 21),
        }
        async with state.pool.acquire() as db:
            return await pay(db, state.pack, state.regions, person_id=person_id, **(known | more))
