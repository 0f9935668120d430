"""Whatever belongs to somebody else answers exactly as what does not exist: never readable, never confirmable.

The test walks over every route that has a number, an id or a key in its address, so that a new page is asked too.
"""

import io
import itertools
import re
from dataclasses import dataclass
from uuid import UUID, uuid4

import httpx
import pytest
from litestar import Litestar
from PIL import Image
from portal_kit import Browser, Till

from bills_kit import WANG
from tongban.kernel.identifiers import (
    CHRONIC,
    CLAIM,
    FILING,
    GRANT,
    JOURNEY,
    MATERIAL,
    PREMIUM,
    SETTLEMENT,
    OutsideNumber,
)
from tongban.materials import MaterialKind, accept
from tongban.people import demo_cast

_CHANGING = re.compile(r'name="csrf" value="[^"]*"')
# What else stands in such addresses: pages of a flow, slots of photos, actions. Each is tried with each id.
_WORDS = {
    "step": ("review", "sign"),
    "name": ("id_card_front",),
    "shown": ("1",),
    "serial": ("1",),
    "purpose": ("leave",),
    "part": ("filing",),
    "code": ("0000-0000",),
}
# Which numbers a page takes; one that is not listed here is tried with all of them.
_NUMBERS = {
    "/costs": SETTLEMENT,
    "/papers/look": MATERIAL,
    "/filing/records": FILING,
    "/chronic": CHRONIC,
    "/reimbursement": CLAIM,
    "/family-account/premium": PREMIUM,
    "/family-account": GRANT,
    "/journey": JOURNEY,
    "/inbox": "123456789",
}
_NOBODYS_SERIAL = 987_654


@dataclass
class Belongings:
    """What the mother has, by the name an address gives it, and beside each the like that nobody has."""

    pairs: dict[str, list[tuple[str, str]]]

    def of(self, name: str, path: str) -> list[tuple[str, str]]:
        if name in _WORDS:
            return [(word, word) for word in _WORDS[name]]
        kinds = next((kinds for start, kinds in _NUMBERS.items() if path.startswith(start)), "")
        return [pair for pair in self.pairs[name] if name != "number" or not kinds or pair[0][0] in kinds]


def routes(app: Litestar) -> list[tuple[str, str]]:
    """(path, method) of everything with an id in its address that is for people."""
    return sorted(
        (route.path, str(method))
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods - {"OPTIONS", "HEAD"}
        if "{" in route.path and handler.opt.get("who") == "person"
    )


@pytest.fixture
async def mother(visitor: Browser) -> Browser:
    await visitor.sign_in("wang_xiuying")
    return visitor


@pytest.fixture
async def belongings(app: Litestar, mother: Browser, till: Till) -> Belongings:
    state = app.state
    settled = await till.pay()
    for path, method in sorted(
        (route.path, str(method))
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
    ):
        if method == "POST" and path.endswith("/start"):
            await mother.post(path)
    zhang = Browser.of(app)
    await zhang.sign_in("zhang_jianguo")
    await zhang.get("/family/new")
    wang = next(person for person in demo_cast() if person.person_id == WANG)
    typed = {"name": wang.name, "id_number": wang.id_number, "relation": "sibling"}
    assert (await zhang.post("/family/new", typed)).status_code == 303
    key = re.search(r"/family/([0-9a-f]{16})/release", (await mother.get("/family")).text)
    assert key
    picture = io.BytesIO()
    Image.new("RGB", (640, 480), "white").save(picture, "JPEG")
    async with state.pool.acquire() as db:
        material = await accept(
            db,
            state.vault,
            state.files,
            person_id=WANG,
            uploaded_by=WANG,
            kind=MaterialKind("id_card_front"),
            body=picture.getvalue(),
            now=state.clock(),
        )
        drafts: list[UUID] = [
            row["draft_id"] for row in await db.fetch("select draft_id from drafts.draft where person_id = $1", WANG)
        ]
        notice_no = await db.fetchval("select max(notice_no) from notices.notice where person_id = $1", WANG)
    assert len(drafts) >= 2
    numbers = [(str(settled.number), SETTLEMENT), (str(material.number), MATERIAL)]
    # One of the kind each page is for, whether she has it or not: the number alone must say nothing.
    numbers += [(str(OutsideNumber(kind, WANG, 1)), kind) for kind in (FILING, CHRONIC, CLAIM, GRANT, PREMIUM, JOURNEY)]
    return Belongings(
        {
            "draft_id": [(str(draft_id), str(uuid4())) for draft_id in drafts],
            "number": [(number, str(OutsideNumber(kind, WANG, _NOBODYS_SERIAL))) for number, kind in numbers]
            + [(str(notice_no), str(notice_no + _NOBODYS_SERIAL))],
            "key": [(key[1], "0123456789abcdef")],
        }
    )


def plain(response: httpx.Response, address: str) -> tuple[int, str, str]:
    """What a stranger can tell apart: the status, where it leads and the words; not the address asked for."""
    text = _CHANGING.sub("", response.text).replace(address, "…")
    there = response.headers.get("location", "").replace(address, "…")
    for part in sorted((part for part in address.split("/") if len(part) > 5), key=len, reverse=True):
        text, there = text.replace(part, "…"), there.replace(part, "…")
    return response.status_code, there, text


async def test_what_is_somebody_elses_answers_like_what_is_not_there(
    app: Litestar, belongings: Belongings, mother: Browser
) -> None:
    stranger = Browser.of(app)
    await stranger.sign_in("liu_zhiqiang")
    await stranger.get("/prefs")
    asked, opened_by_mother = 0, set()
    for path, method in routes(app):
        names = re.findall(r"\{(\w+)(?::\w+)?\}", path)
        if not any(name in belongings.pairs for name in names):
            assert set(names) <= set(_WORDS), f"{path}: what is in this address is known to no test"
        for chosen in itertools.product(*(belongings.of(name, path) for name in names)):
            hers = re.sub(r"\{[^}]*\}", "{}", path).format(*(pair[0] for pair in chosen))
            nobodys = re.sub(r"\{[^}]*\}", "{}", path).format(*(pair[1] for pair in chosen))
            answers = []
            for address in (hers, nobodys):
                if method == "POST":
                    answers.append(plain(await stranger.post(address), address))
                else:
                    answers.append(plain(await stranger.http.request(method, address), address))
            assert answers[0] == answers[1], (method, hers)
            assert answers[0][0] != 200 or hers == nobodys, (method, hers)
            assert answers[0][0] != 500, (method, hers)
            asked += 1
            if method == "GET" and path not in opened_by_mother and (await mother.get(hers)).status_code < 400:
                opened_by_mother.add(path)
    assert asked > 60
    # So that the comparison above is one: for the mother these pages are there.
    assert {
        "/costs/{number}",
        "/family/{key}/release",
        "/inbox/{number}",
        "/papers/look/{number}/{shown}",
    } <= {re.sub(r":\w+\}", "}", path) for path in opened_by_mother}
    assert any("{draft_id" in path for path in opened_by_mother)
    async with app.state.pool.acquire() as db:
        left = await db.fetchval("select count(*) from drafts.draft where person_id = $1", WANG)
    assert left == len(belongings.pairs["draft_id"])
