"""Photos sent through the pages: with a form, in pieces, by strangers, and by people who send something else."""

import asyncio
import hashlib
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from litestar import Litestar
from papers_page import with_page
from portal_kit import Browser, Clock, count

sys.path.append(str(Path(__file__).parents[1] / "materials"))
from pictures_kit import opened, photo

from tongban import materials
from tongban.app import create_app
from tongban.infra.files import FilesUnavailable
from tongban.settings import Settings

_FORM = re.compile(r'<form class="send" method="post" action="([^"]+)"')
_IMAGE = re.compile(r'<img class="shot" src="([^"]+)"')


@pytest.fixture
async def app(demo: Settings, clock: Clock) -> AsyncIterator[Litestar]:
    application = with_page(create_app(demo, clock))
    async with application.lifespan():
        yield application


class Sender:
    """Somebody with a page of slots before them."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser, self.url = browser, url

    @classmethod
    async def of(cls, app: Litestar, resident: str = "wang_xiuying") -> "Sender":
        browser = Browser.of(app)
        await browser.sign_in(resident)
        response = await browser.follow(await browser.get("/test-papers/new"))
        assert response.status_code == 200
        return cls(browser, str(response.url.path))

    @property
    def token(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.browser.page)
        assert found
        return found[1]

    def action(self, slot: str) -> str:
        """Where the form of that slot on the page shown sends to."""
        for action in _FORM.findall(self.browser.page):
            if f"/{slot}?" in action:
                return str(action).replace("&amp;", "&")
        raise AssertionError(f"no form for {slot}")

    async def send(self, slot: str, body: bytes, name: str = "photo.jpg", kind: str = "image/jpeg") -> httpx.Response:
        response = await self.browser.http.post(
            self.action(slot), data={"csrf": self.token}, files={"file": (name, body, kind)}
        )
        return await self.browser.follow(response)

    async def piece(self, slot: str, body: bytes, at: int, content: bytes | None = None, **more: Any) -> httpx.Response:
        return await self.browser.http.put(
            self.piece_url(slot, body, at),
            content=body[at:] if content is None else content,
            headers={"x-csrf": self.token, **more.get("headers", {})},
        )

    def piece_url(self, slot: str, body: bytes, at: int) -> str:
        query = urlencode({"size": len(body), "sha256": hashlib.sha256(body).hexdigest(), "at": at})
        return self.action(slot).replace("?", "/piece?") + "&" + query

    async def pictures(self) -> list[bytes]:
        """The small pictures the page shows."""
        found = []
        for source in _IMAGE.findall(self.browser.page):
            response = await self.browser.http.get(source)
            assert (response.status_code, response.headers["content-type"]) == (200, "image/jpeg")
            assert response.headers["cache-control"] == "no-store"
            found.append(response.content)
        return found


@pytest.fixture
async def sender(app: Litestar) -> Sender:
    return await Sender.of(app)


async def test_a_photo_sent_with_a_form_is_kept_and_shown(sender: Sender, app: Litestar) -> None:
    response = await sender.send("id_front", photo("身份证"))
    assert (response.status_code, response.url.path) == (200, sender.url)
    [thumb] = await sender.pictures()
    assert max(opened(thumb).size) == 240
    assert "已存好" in response.text
    assert "重拍" in response.text
    assert await count(app, "materials.material") == 1
    # A step's own judgement knows which slot is still empty.
    judged = await sender.browser.post(sender.url)
    assert judged.status_code == 422
    assert 'href="#invoice">还没有医疗发票的照片' in judged.text
    assert "身份证（有照片那面）的照片，请拍" not in judged.text


async def test_more_pictures_of_a_list_until_it_is_full_and_taken_out_again(sender: Sender) -> None:
    for text in ("一", "二", "三"):
        name = "invoice" if text == "一" else f"invoice.{2 if text == '二' else 3}"
        await sender.send(name, photo(text))
    assert len(await sender.pictures()) == 3
    assert "再加一张" not in sender.browser.page
    second = re.findall(r'action="([^"]+/invoice.2/remove[^"]+)"', sender.browser.page)[0].replace("&amp;", "&")
    await sender.browser.follow(await sender.browser.post(second))
    assert len(await sender.pictures()) == 2
    await sender.send("invoice.2", photo("四"))
    assert len(await sender.pictures()) == 3


# --- with a form ------------------------------------------------------------------------------------------------------


async def test_what_is_no_photo_is_refused_beside_its_slot_and_nothing_else_is_lost(sender: Sender) -> None:
    await sender.send("id_front", photo("身份证"))
    for body, sentence in (
        (b"<script>alert(1)</script>", "这是网页或程序，不是照片"),
        (photo()[:3000], "没有传完整"),
        (b"", "是空的"),
        (b"\xff\xd8\xff" + bytes(10 * 1024 * 1024), "10.0 MB，太大了"),
    ):
        response = await sender.send("invoice", body)
        assert (response.status_code, response.url.path) == (200, sender.url)
        assert re.search(f'<p class="err" id="invoice-err" role="alert">[^<]*{sentence}', response.text)
        assert "有 1 处要改" in response.text
        assert len(await sender.pictures()) == 1
    # The next good one takes the complaint away, and leaves no trace of it in the address.
    response = await sender.send("invoice", photo("发票"))
    assert 'class="err"' not in response.text
    assert response.url.query == b""


async def test_a_form_sent_without_a_photo_says_so(sender: Sender) -> None:
    response = await sender.browser.http.post(
        sender.action("invoice"), data={"csrf": sender.token}, files={"file": ("", b"", "application/octet-stream")}
    )
    assert "还没有选照片" in (await sender.browser.follow(response)).text


async def test_content_decides_and_not_the_name_or_the_claimed_type(sender: Sender, app: Litestar) -> None:
    await sender.send("id_front", photo(kind="PNG"), name="../../x.exe", kind="application/x-msdownload")
    assert len(await sender.pictures()) == 1
    response = await sender.send("invoice", b"MZ" + bytes(200), name="photo.jpg", kind="image/jpeg")
    assert "这是网页或程序" in response.text
    assert await count(app, "materials.material") == 1


async def test_a_retaken_picture_takes_the_place_of_the_former(sender: Sender) -> None:
    await sender.send("id_front", photo("旧的"))
    before = await sender.pictures()
    await sender.send("id_front", photo("新的一张", size=(500, 300)))
    after = await sender.pictures()
    assert (len(before), len(after)) == (1, 1)
    assert before != after


async def test_a_body_far_too_big_is_refused_without_being_kept(sender: Sender, app: Litestar) -> None:
    response = await sender.browser.http.post(
        sender.action("invoice"),
        content=_endless(sender.token, 45 * 1024 * 1024),
        headers={"content-type": "multipart/form-data; boundary=xx"},
    )
    assert response.status_code == 413
    assert "太大" in response.text
    assert await count(app, "materials.material") == 0


async def _endless(token: str, size: int) -> AsyncIterator[bytes]:
    yield (
        f'--xx\r\ncontent-disposition: form-data; name="csrf"\r\n\r\n{token}\r\n'
        '--xx\r\ncontent-disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    ).encode()
    for _ in range(size // 65536):
        yield bytes(65536)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "multipart/form-data; boundary=xx"),
        (b"--xx\r\n", "multipart/form-data; boundary=xx"),
        (b"\0" * 5000, "multipart/form-data; boundary=xx"),
        (b"--xx\r\n" * 500, "multipart/form-data; boundary=xx"),
        (b"file=1", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"--xx--\r\n", "multipart/form-data"),
        (
            b'--xx\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n--xx--',
            "multipart/form-data; boundary=xx",
        ),
    ],
)
async def test_malformed_forms_are_refused(sender: Sender, app: Litestar, body: bytes, kind: str) -> None:
    response = await sender.browser.http.post(sender.action("invoice"), content=body, headers={"content-type": kind})
    assert response.status_code in (400, 403)
    assert await count(app, "materials.material") == 0


async def test_a_file_before_the_token_is_not_kept(sender: Sender) -> None:
    response = await sender.browser.http.post(
        sender.action("invoice"),
        content=b'--xx\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n--xx\r\n'
        b'content-disposition: form-data; name="csrf"\r\n\r\n' + sender.token.encode() + b"\r\n--xx--",
        headers={"content-type": "multipart/form-data; boundary=xx"},
    )
    assert response.status_code == 403


# --- strangers --------------------------------------------------------------------------------------------------------


async def test_a_strangers_body_is_not_even_read(app: Litestar, sender: Sender) -> None:
    action = sender.action("invoice")
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(50):
            read += 1
            yield bytes(65536)

    for method, path in (("POST", action), ("PUT", action.replace("?", "/piece?") + "&at=0")):
        visitor = Browser.of(app)
        response = await visitor.http.request(
            method, path, content=body(), headers={"content-type": "multipart/form-data; boundary=xx", "x-csrf": "x"}
        )
        assert response.status_code in (303, 401)
    # What stands in between hands on one piece at most.
    assert read <= 2
    assert await count(app, "materials.material") == 0


async def test_a_form_of_another_site_is_refused(sender: Sender) -> None:
    response = await sender.browser.http.post(
        sender.action("invoice"), data={"csrf": "x" * 48}, files={"file": ("a.jpg", photo(), "image/jpeg")}
    )
    assert response.status_code == 403
    assert (await sender.piece("invoice", photo(), 0, headers={"x-csrf": "x" * 48})).status_code == 403
    assert (await sender.piece("invoice", photo(), 0, headers={"sec-fetch-site": "cross-site"})).status_code == 403


async def test_somebody_elses_draft_slot_and_picture_answer_like_none(app: Litestar, sender: Sender) -> None:
    await sender.send("id_front", photo("身份证"))
    [shown] = _IMAGE.findall(sender.browser.page)
    other = await Sender.of(app, "li_jing")
    foreign = sender.action("invoice")
    own_draft, token = other.action("invoice").split("?")[0].split("/")[2], foreign.split("?")[1]
    nobodys = "00000000-0000-4000-8000-000000000000"
    said = set()
    for path in (
        foreign,
        foreign.replace("/invoice?", "/other?"),
        f"/papers/{own_draft}/invoice?{token}",
        f"/papers/{nobodys}/invoice?{token}",
        f"/papers/{nobodys}/invoice",
        "/papers/x/invoice",
    ):
        response = await other.browser.http.post(
            path, data={"csrf": other.token}, files={"file": ("a.jpg", photo(), "image/jpeg")}
        )
        said.add((response.status_code, re.sub(r'value="[^"]*"|/papers/[^"]*|%[^"]*', "", response.text)))
        for verb in ("remove", "again"):
            answer = await other.browser.http.post(
                path.replace("?", f"/{verb}?") if "?" in path else f"{path}/{verb}", data={"csrf": other.token}
            )
            assert answer.status_code == 404
    assert {status for status, _ in said} == {404}
    # The picture itself: its number, and one that was never given out.
    answers = [
        await other.browser.get(path) for path in (shown, "/papers/look/M00000000000100199900/0", "/papers/look/x/1")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({re.sub(r'value="[^"]*"|/papers/[^"]*|%2Fpapers[^"]*', "", answer.text) for answer in answers}) == 1
    assert (await sender.browser.get(shown)).status_code == 200


async def test_a_number_that_was_not_offered_cannot_be_used_again(app: Litestar, sender: Sender) -> None:
    await sender.send("id_front", photo("身份证"))
    number = _IMAGE.findall(sender.browser.page)[0].split("/")[3]
    other = await Sender.of(app, "li_jing")
    action = other.action("id_front").replace("?", "/again?")
    response = await other.browser.post(action, {"number": number})
    assert response.status_code == 404
    assert await other.browser.get(other.url)
    assert await other.pictures() == []


async def test_a_picture_handed_in_before_is_offered_and_used_with_one_tap(app: Litestar, sender: Sender) -> None:
    await sender.send("id_front", photo("身份证"))
    number = _IMAGE.findall(sender.browser.page)[0].split("/")[3]
    async with app.state.pool.acquire() as db, db.transaction():
        person = int(number[1:16])
        await materials.attach(db, person_id=person, numbers=[number], subject="B1", now=app.state.clock())
    response = await sender.browser.follow(await sender.browser.get("/test-papers/new"))
    assert "用上次的（2026年11月22日传的）" in response.text
    found = re.search(r'action="([^"]+/id_front/again[^"]+)"', response.text)
    assert found
    response = await sender.browser.follow(
        await sender.browser.post(found[1].replace("&amp;", "&"), {"number": number})
    )
    assert f"/papers/look/{number}/0" in response.text
    assert await count(app, "materials.material") == 1


async def test_every_look_is_logged(app: Litestar, sender: Sender) -> None:
    await sender.send("id_front", photo("身份证"))
    await sender.pictures()
    async with app.state.pool.acquire() as db:
        rows = await db.fetch("select actor, subject, detail from infra.audit where action = 'material.viewed'")
    [row] = rows
    assert row["actor"] == f"person:{int(row['subject'][1:16])}"


# --- in pieces --------------------------------------------------------------------------------------------------------


async def test_a_picture_in_pieces_goes_on_where_the_line_broke(app: Litestar, sender: Sender) -> None:
    body = photo("发票", size=(1600, 1200), quality=98)
    third = len(body) // 3
    url = sender.piece_url("invoice", body, 0)
    assert (await sender.browser.http.get(url, headers={})).json() == {"at": 0}
    assert (await sender.piece("invoice", body, 0, body[:third])).json() == {"at": third}
    # The answer got lost, and the piece comes again; or a later one comes first.
    for at, content in ((0, body[:third]), (2 * third, body[2 * third :])):
        response = await sender.piece("invoice", body, at, content)
        assert (response.status_code, response.json()) == (409, {"at": third})
    # The phone was off for an hour, the page is another one by now.
    await sender.browser.get(sender.url)
    assert (await sender.browser.http.get(sender.piece_url("invoice", body, 0))).json() == {"at": third}
    assert await count(app, "materials.piece") == 1
    assert (await sender.piece("invoice", body, third)).json() == {"at": len(body)}
    assert (await sender.piece("invoice", body, len(body), b"")).json() == {"done": True}
    await sender.browser.get(sender.url)
    [thumb] = await sender.pictures()
    assert max(opened(thumb).size) == 240
    assert (await count(app, "materials.upload"), await count(app, "materials.piece")) == (0, 0)
    # Ended again after a lost answer: the picture has to be sent again, and is the same.
    assert (await sender.piece("invoice.2", body, 0)).json() == {"at": len(body)}
    assert (await sender.piece("invoice.2", body, len(body), b"")).json() == {"done": True}
    assert await count(app, "materials.material") == 1


async def test_pieces_are_kept_sealed(app: Litestar, sender: Sender) -> None:
    body = photo("发票")
    await sender.piece("invoice", body, 0, body[:2000])
    async with app.state.pool.acquire() as db:
        sealed = bytes(await db.fetchval("select content_enc from materials.piece"))
    assert body[:64] not in sealed
    assert b"JFIF" not in sealed


async def test_a_picture_that_arrived_wrong_is_thrown_away(app: Litestar, sender: Sender) -> None:
    body = photo("发票")
    other = bytes(len(body))
    await sender.piece("invoice", body, 0, other)
    response = await sender.piece("invoice", body, len(body), b"")
    assert (response.status_code, response.json()) == (422, {"sentence": "照片在路上坏了，请再传一次"})
    assert await count(app, "materials.upload") == 0
    # So is one that is none.
    script = b"<script>" + bytes(3000)
    await sender.piece("invoice", script, 0)
    response = await sender.piece("invoice", script, len(script), b"")
    assert response.status_code == 422
    assert "这是网页或程序" in response.json()["sentence"]
    assert await count(app, "materials.upload") == 0


async def test_two_windows_send_two_pictures_for_one_slot_and_the_last_to_end_stays(
    app: Litestar, sender: Sender
) -> None:
    one, two = photo("一", size=(300, 200)), photo("二", size=(200, 300))
    await sender.piece("id_front", one, 0, one[:1000])
    await sender.piece("id_front", two, 0, two[:1000])
    assert (await sender.piece("id_front", one, 1000)).json() == {"at": len(one)}
    assert (await sender.piece("id_front", one, len(one), b"")).json() == {"done": True}
    # The end of one took nothing from the other.
    assert (await sender.piece("id_front", two, 1000)).json() == {"at": len(two)}
    assert (await sender.piece("id_front", two, len(two), b"")).json() == {"done": True}
    await sender.browser.get(sender.url)
    [thumb] = await sender.pictures()
    assert opened(thumb).size[0] < opened(thumb).size[1]
    assert await count(app, "materials.upload") == 0


async def test_pictures_left_behind_block_no_later_one(app: Litestar, sender: Sender, clock: Clock) -> None:
    """Somebody on a bad line tries picture after picture."""
    tried = [photo(size=(300 + 10 * number, 200)) for number in range(10)]
    for body in tried:
        assert (await sender.piece("invoice", body, 0, body[:500])).json() == {"at": 500}
        clock.later(seconds=1)
    assert await count(app, "materials.upload") == 8
    assert (await sender.browser.http.get(sender.piece_url("invoice", tried[-1], 0))).json() == {"at": 500}
    assert (await sender.browser.http.get(sender.piece_url("invoice", tried[0], 0))).json() == {"at": 0}


async def test_while_the_store_is_away_nothing_that_was_sent_is_lost(
    app: Litestar, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = photo("发票")

    async def full(*_: object) -> None:
        raise FilesUnavailable

    await sender.piece("invoice", body, 0)
    with monkeypatch.context() as patch:
        patch.setattr(app.state.files, "put", full)
        response = await sender.piece("invoice", body, len(body), b"")
        assert response.status_code == 503
        assert "过几分钟再传" in response.json()["sentence"]
        # So it says without scripts, beside the slot.
        response = await sender.send("id_front", photo("身份证"))
        assert re.search('<p class="err" id="id_front-err" role="alert">照片现在存不进去', response.text)
    assert (await count(app, "materials.material"), await count(app, "jobs.pgqueuer")) == (0, 0)
    # Back again, the phone only has to say once more that this was all.
    assert (await sender.browser.http.get(sender.piece_url("invoice", body, 0))).json() == {"at": len(body)}
    assert (await sender.piece("invoice", body, len(body), b"")).json() == {"done": True}
    assert await count(app, "materials.upload") == 0


@pytest.mark.parametrize(
    "query",
    [
        {"size": "0"},
        {"size": str(10 * 1024 * 1024 + 1)},
        {"size": "-1"},
        {"size": "x"},
        {"size": "９"},
        {"sha256": "zz" * 32},
        {"sha256": ""},
        {"at": "-1"},
        {"at": "x"},
        {"at": "9" * 30},
        {"at": "999999"},
    ],
)
async def test_pieces_that_cannot_be_are_refused(app: Litestar, sender: Sender, query: dict[str, str]) -> None:
    body = photo()
    known = {"size": str(len(body)), "sha256": hashlib.sha256(body).hexdigest(), "at": "0"} | query
    response = await sender.browser.http.put(
        sender.action("invoice").replace("?", "/piece?") + "&" + urlencode(known),
        content=body,
        headers={"x-csrf": sender.token},
    )
    assert response.status_code in (409, 422)
    assert await count(app, "materials.piece") == 0


async def test_a_piece_too_long_or_too_many_pictures_at_once_are_refused(app: Litestar, sender: Sender) -> None:
    body = bytes(400_000)
    assert (await sender.piece("invoice", body, 0)).status_code == 413
    assert (await sender.piece("invoice", body, 0, body[:1000])).json() == {"at": 1000}
    assert (await sender.piece("invoice", body[:1500], 0, body[:1600])).status_code == 422


async def test_unfinished_pieces_expire(app: Litestar, sender: Sender, clock: Clock) -> None:
    body = photo("发票")
    await sender.piece("invoice", body, 0, body[:1000])
    clock.later(days=3)
    async with app.state.pool.acquire() as db:
        assert await materials.remove_expired_uploads(db, now=clock()) == 1
    assert await count(app, "materials.piece") == 0


async def test_the_same_piece_from_two_windows_is_taken_once(app: Litestar, sender: Sender) -> None:
    body = photo("发票", size=(1600, 1200), quality=98)
    half = len(body) // 2
    answers = await asyncio.gather(*(sender.piece("invoice", body, 0, body[:half]) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert all(answer.json() == {"at": half} for answer in answers)


async def test_whoever_sends_too_fast_is_told_to_wait(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tongban.doors.portal.papers.sending._PER_MINUTE", 1)
    await sender.send("id_front", photo("一"))
    response = await sender.send("invoice", photo("二"))
    assert "试得太快了" in response.text
    assert len(await sender.pictures()) == 1


async def test_no_connection_is_held_while_a_picture_is_cleaned(
    app: Litestar, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy: list[int] = []
    clean = materials.clean

    async def watched(body: bytes) -> Any:
        pool = app.state.pool
        busy.append(pool.get_size() - pool.get_idle_size())
        return await clean(body)

    monkeypatch.setattr("tongban.materials.clean", watched)
    await sender.send("id_front", photo("一"))
    assert busy == [0]
