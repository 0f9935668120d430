"""A form that comes when its session has ended is not lost: it is kept, sealed, for the person it was made for.

Every page says, sealed in its form's token, for whom it was made. When that person has signed in again, `/held` shows
one button that sends the same form once more; anybody else never learns that there was one. Nothing is done without
that tap. Pictures are not kept here: each has its own form, and what was sent is in the draft already.

A form that met a fault of ours needs no keeping: the page that says so holds its fields, and sends them again.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from litestar import Response, get, post

from tongban.doors.http import Request, RouteDb, here, local_path, see_other
from tongban.doors.portal import csrf
from tongban.doors.portal.forms import FIELDS_MAX, already_read, read_form, read_form_lists
from tongban.doors.portal.page import current_person, page
from tongban.doors.portal.session import signed_in
from tongban.infra import held as store
from tongban.infra.crypto import NotOpened, Vault
from tongban.infra.db import Db, Pool

PATH = "/held"
# Long enough to find the phone for a code, short enough to be forgotten by the evening.
KEPT = timedelta(hours=2)
# In a form that was kept and is sent again.
AGAIN_FIELD = "held"
_CONTEXT = "portal.held_form"


class HeldForm(msgspec.Struct, frozen=True):
    """Where it was sent, and its fields as an urlencoded body, in order, without the token."""

    path: str
    body: str

    def fields(self) -> list[tuple[str, str]]:
        return parse_qsl(self.body, keep_blank_values=True, max_num_fields=FIELDS_MAX)


async def keep(request: Request) -> bool:
    """Keep the form of `request` for the person its page was made for. False: there is no such person, or another one
    is signed in by now; nothing is kept."""
    fields = await read_form_lists(request)
    owner = csrf.owner_of(request, fields.get(csrf.FIELD, [""])[-1])
    person = signed_in(request)
    if owner is None or (person is not None and person.person_id != owner):
        return False
    left = [
        (name, value) for name, values in fields.items() for value in values if name not in (csrf.FIELD, AGAIN_FIELD)
    ]
    form = HeldForm(here(request), urlencode(left))
    state = request.app.state
    now = state.clock()
    sealed = state.vault.seal(msgspec.json.encode(form), f"{_CONTEXT} {owner}")
    pool: Pool = state.pool
    async with pool.acquire() as db:
        await store.keep(db, owner, sealed, now + KEPT, now)
    return True


async def waiting(request: Request, db: Db, person_id: int) -> HeldForm | None:
    """The form kept for this person, if any."""
    state = request.app.state
    vault: Vault = state.vault
    if (sealed := await store.read(db, person_id, state.clock())) is None:
        return None
    try:
        form = msgspec.json.decode(vault.open_bytes(sealed, f"{_CONTEXT} {person_id}"), type=HeldForm)
    except (NotOpened, msgspec.DecodeError):
        return None
    return form if local_path(form.path, "") else None


async def is_sent_again(request: Request) -> None:
    """Let go of what was kept, once it has arrived with a session."""
    person = signed_in(request)
    if person is None or request.headers.get("content-type", "").partition(";")[0] != csrf.FORM_TYPE:
        return
    if (await read_form(request)).get(AGAIN_FIELD) == "1":
        pool: Pool = request.app.state.pool
        async with pool.acquire() as db:
            await store.remove(db, person.person_id)


def to_send_again(request: Request) -> list[tuple[str, str]]:
    """The fields of the form of `request` with the token it came with, so that it is the same form once more, however
    long the fault lasts. Nothing for what did not come from a page of ours. Asks no database."""
    fields = already_read(request)
    try:
        csrf.check_token(request, dict(fields).get(csrf.FIELD, ""))
    except csrf.FormNotOurs:
        return []
    return fields


@get(PATH, opt={"who": "person"})
async def held_page(request: Request, db: RouteDb) -> Response[Any]:
    form = await waiting(request, db, current_person(request).person_id)
    if form is None:
        return see_other("/")
    return page(request, "held.html", form=form, fields=form.fields(), again=AGAIN_FIELD)


@post(f"{PATH}/drop", opt={"who": "person"})
async def drop(request: Request, db: RouteDb) -> Response[Any]:
    await store.remove(db, current_person(request).person_id)
    return see_other("/")


route_handlers = [held_page, drop]
