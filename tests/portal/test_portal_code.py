"""我的医保码: a picture for the scanner that changes, and a card that was lost."""

import re
from datetime import timedelta

import pytest
import segno
from litestar import Litestar
from portal_kit import Browser, Clock

from tongban.people import (
    SHOWN_FOR,
    CardLost,
    CredentialKind,
    Person,
    ScanCodeEnded,
    demo_cast,
    find_by_credential,
    find_presented,
)

LI = next(person for person in demo_cast() if person.name == "李静")
_DIGITS = re.compile(r'<span class="nb">(\d{4})</span>')
HOSPITAL = "H11010100001"


@pytest.fixture
async def li(visitor: Browser) -> Browser:
    await visitor.sign_in("li_jing")
    return visitor


def digits(text: str) -> str:
    return "".join(_DIGITS.findall(text))


async def scanned(app: Litestar, number: str) -> Person | None:
    state = app.state
    async with state.pool.acquire() as db:
        return await find_presented(
            db, state.vault, CredentialKind.MEDICAL_CODE, number, institution_code=HOSPITAL, now=state.clock()
        )


async def test_every_look_shows_another_code_and_each_is_hers(app: Litestar, li: Browser) -> None:
    responses = [await li.get(path) for path in ("/code", "/code", "/code/qr")]
    numbers = {digits(response.text) for response in responses}
    assert len(numbers) == 3
    for number in numbers:
        found = await scanned(app, number)
        assert found is not None
        assert found.person_id == LI.person_id
    for response in responses:
        assert response.headers["cache-control"] == "no-store"
        assert 'aria-label="医保码的二维码"' in response.text
        assert 'fill="#fff"' in response.text  # white in the dark, too
    assert "<html" not in responses[-1].text
    async with app.state.pool.acquire() as db:
        seen = await db.fetch("select actor, person_id from infra.audit where action = 'people.code_shown'")
    assert [tuple(row) for row in seen] == [(f"person:{LI.person_id}", LI.person_id)] * 3


async def test_the_picture_is_of_the_digits_beside_it(li: Browser) -> None:
    text = (await li.get("/code/qr")).text
    path = re.search(r'stroke="#000" d="([^"]+)"', text)
    drawn = segno.make(digits(text), error="m", micro=False).svg_inline(
        border=4, dark="#000", light="#fff", omitsize=True
    )
    assert path
    assert path[1] in drawn


async def test_after_a_minute_the_code_is_worth_nothing(app: Litestar, li: Browser, clock: Clock) -> None:
    number = digits((await li.get("/code")).text)
    clock.now += SHOWN_FOR
    with pytest.raises(ScanCodeEnded):
        await scanned(app, number)


async def test_a_page_that_renews_itself_gets_a_new_one_before_the_old_one_ends(li: Browser) -> None:
    seconds = re.search(r'data-seconds="(\d+)"', (await li.get("/code")).text)
    assert seconds
    assert timedelta(seconds=int(seconds[1])) < SHOWN_FOR


async def test_without_an_active_code_there_is_no_picture(app: Litestar) -> None:
    zhao = Browser.of(app)
    await zhao.sign_in("zhao_yumei")
    page = (await zhao.get("/code")).text
    assert "怎么激活" in page
    assert not digits(page)
    response = await zhao.get("/code/qr")
    assert response.status_code == 422
    assert "还没有激活" in response.text


async def test_asking_for_pictures_without_end_is_stopped(li: Browser) -> None:
    statuses = [(await li.get("/code/qr")).status_code for _ in range(31)]
    assert statuses == [200] * 30 + [429]


async def test_a_lost_card_is_reported_once_and_the_code_goes_on_working(app: Litestar, li: Browser) -> None:
    assert "卡丢了，要挂失" in (await li.get("/code")).text
    assert "医保码照常用" in (await li.get("/code/card-lost")).text
    for _ in range(2):
        response = await li.follow(await li.post("/code/card-lost"))
        assert response.url.path == "/code"
        assert "已挂失" in response.text
        found = await scanned(app, digits(response.text))
        assert found is not None
    async with app.state.pool.acquire() as db:
        with pytest.raises(CardLost):
            await find_by_credential(db, app.state.vault, CredentialKind.CARD, LI.card_number)
    inbox = (await li.get("/inbox")).text
    assert inbox.count("您的社保卡已经挂失") == 1
    assert "已经挂失了" in (await li.get("/code/card-lost")).text


async def test_a_visitor_is_shown_no_code(app: Litestar) -> None:
    for path in ("/code", "/code/qr", "/code/card-lost"):
        assert (await Browser.of(app).get(path)).headers["location"].startswith("/sign-in")
