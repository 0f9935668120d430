"""Is this paper still good? For hospitals and agencies that are shown one: number and code in, one word out.

Nobody has to sign in, and nobody learns whose paper it is: without the code on the paper every number is unknown, and
with it the page says the kind of paper and its state, no name, no place, no dates.
"""

import hmac
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from litestar import Response, get
from litestar.params import FromPath

from tongban.doors.http import Request, RouteDb, limit_by_address, see_other
from tongban.doors.portal.page import page, today
from tongban.doors.portal.proofs import check_code, shown_code
from tongban.filing import validity_zh
from tongban.infra import audit
from tongban.infra.db import Db
from tongban.kernel.dates import zh_date
from tongban.kernel.identifiers import CLAIM, FILING
from tongban.reimbursement import receipt_validity_zh

_TRIES_PER_MINUTE = 20
# In the word the paper's owner reads; only this one is good.
GOOD = "有效"

Validity: TypeAlias = Callable[[Db, str, datetime], Awaitable[str]]


class Checkable(NamedTuple):
    """A kind of paper, and who knows its state: one word, GOOD or why not, "" when there is no such number."""

    title: str
    validity: Validity


async def _filing(db: Db, number: str, now: datetime) -> str:
    return await validity_zh(db, number, now=now)


async def _claim(db: Db, number: str, now: datetime) -> str:
    del now  # a receipt does not expire
    return await receipt_validity_zh(db, number)


# By the letter that the numbers of that kind begin with.
VALIDITY: dict[str, Checkable] = {
    FILING: Checkable("异地就医备案", _filing),
    CLAIM: Checkable("医疗费报销受理回执", _claim),
}


@get("/check", opt={"who": "anyone"})
async def ask(request: Request) -> Response[Any]:
    """For whoever holds a paper and has no camera: number and code are typed."""
    number = _tidy(request.query_params.get("number", ""))
    code = _tidy(request.query_params.get("code", ""))
    if number and code:
        return see_other(f"/check/{number[:40]}/{code[:20]}")
    return page(request, "check.html", found=None)


@get("/check/{number:str}/{code:str}", opt={"who": "anyone"})
async def check(request: Request, db: RouteDb, number: FromPath[str], code: FromPath[str]) -> Response[Any]:
    state = request.app.state
    await limit_by_address(request, "check", _TRIES_PER_MINUTE)
    number, code = _tidy(number), _tidy(code)
    kind = VALIDITY.get(number[:1])
    is_ours = hmac.compare_digest(check_code(state.vault, number).encode(), code.encode())
    word = await kind.validity(db, number, state.clock()) if kind is not None and is_ours else ""
    if kind is None or not word:
        return page(request, "check.html", 404, found=None, is_unknown=True, values={"number": number, "code": code})
    await audit.record(
        db, now=state.clock(), actor="anyone", channel="portal", action="proof.checked", person_id=None, subject=number
    )
    return page(
        request,
        "check.html",
        found=kind.title,
        word=word,
        is_good=word == GOOD,
        number=number,
        code=shown_code(code),
        day=zh_date(today(request)),
    )


def _tidy(text: str) -> str:
    """As printed or read out: without spaces, in capitals; nothing but letters and digits."""
    return "".join(letter for letter in text.upper() if letter.isascii() and letter.isalnum())


route_handlers = [ask, check]
