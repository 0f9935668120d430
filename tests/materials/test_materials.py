"""Pictures put away, looked at, handed in and used again."""

import hashlib
from datetime import date, timedelta
from pathlib import Path

import pytest
from materials_kit import LI, SON, WANG, Desk
from pictures_kit import opened, photo

from tongban import drafts, materials
from tongban.infra.crypto import Vault
from tongban.infra.files import FilesUnavailable
from tongban.law import Pack
from tongban.materials import (
    SAMPLES,
    MaterialDamaged,
    MaterialKind,
    MaterialNotFound,
    in_slot,
    kind_of_code,
    months_to_keep,
)


async def test_a_picture_comes_back_as_it_was_put_away_and_the_look_is_logged(desk: Desk) -> None:
    kept = await desk.accept()
    assert (kept.number[0], kept.pages, kept.keep_until) == ("M", 1, None)
    page, thumb = await desk.read(kept.number), await desk.read(kept.number, page=materials.THUMB)
    assert opened(page).size == (640, 480)
    assert max(opened(thumb).size) == 240
    assert hashlib.sha256(page).hexdigest() == kept.pages_sha256[0]
    rows = await desk.db.fetch("select actor, action, person_id, subject, detail from infra.audit order by audit_id")
    assert [tuple(row) for row in rows] == [
        ("person:1001", "material.viewed", WANG, kept.number, {"page": page}) for page in (1, 0)
    ]
    with pytest.raises(MaterialNotFound):
        await desk.read(kept.number, page=2)


async def test_the_store_holds_nothing_that_can_be_read(desk: Desk) -> None:
    kept = await desk.accept()
    page = await desk.read(kept.number)
    assert len(desk.objects()) == 2
    for path in desk.files._root.glob("*/*"):
        content = path.read_bytes()
        assert b"JFIF" not in content
        assert page[100:140] not in content
        assert path.name not in (kept.sha256, kept.pages_sha256[0])
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_the_same_picture_twice_is_one_object_and_one_material(desk: Desk) -> None:
    first, again = await desk.accept(), await desk.accept(now=desk.now + timedelta(days=3))
    assert again == first
    # Of another kind, or sent by somebody else, it is another material over the same object.
    other = await desk.accept(kind=MaterialKind.PROXY_ID_FRONT)
    by_son = await desk.accept(uploaded_by=SON)
    assert len({first.number, other.number, by_son.number}) == 3
    assert {other.sha256, by_son.sha256} == {first.sha256}
    assert len(desk.objects()) == 2
    # Another person's same picture is an object of that person's own: nobody's deletion touches another.
    await desk.accept(person_id=LI, uploaded_by=LI)
    assert len(desk.objects()) == 4


async def test_somebody_elses_number_answers_like_no_number(desk: Desk) -> None:
    kept = await desk.accept()
    said = set()
    for number in (kept.number, "M00000000000100199900", "M", "", kept.number[:-1] + "0", "B" + kept.number[1:]):
        with pytest.raises(MaterialNotFound) as refused:
            await desk.read(number, viewer_id=LI)
        said.add((refused.value.sentence, refused.value.code, refused.value.status))
    assert len(said) == 1
    assert await desk.db.fetchval("select count(*) from infra.audit") == 0


async def test_a_proxy_sees_what_they_took_while_it_lies_in_their_draft_or_an_open_matter(desk: Desk) -> None:
    kept = await desk.accept(uploaded_by=SON)
    with pytest.raises(MaterialNotFound):
        await desk.read(kept.number, viewer_id=SON)
    draft = await drafts.start(desk.db, desk.vault, person_id=SON, flow="filing", for_person_id=WANG, now=desk.now)
    await drafts.save_paper(
        desk.db, desk.vault, person_id=SON, draft_id=draft.draft_id, slot="id", material_number=kept.number,
        now=desk.now,
    )  # fmt: skip
    assert await desk.read(kept.number, viewer_id=SON)
    with pytest.raises(MaterialNotFound):
        await desk.read(kept.number, viewer_id=SON, now=desk.now + timedelta(days=40))
    await desk.attach("B1", kept.number)
    await drafts.discard(desk.db, person_id=SON, draft_id=draft.draft_id)
    assert await desk.read(kept.number, viewer_id=SON)
    await materials.close(desk.db, person_id=WANG, subject="B1", now=desk.now + timedelta(days=1))
    with pytest.raises(MaterialNotFound):
        await desk.read(kept.number, viewer_id=SON, now=desk.now + timedelta(days=1))
    assert await desk.read(kept.number, viewer_id=WANG)


async def test_somebody_elses_draft_opens_nothing(desk: Desk) -> None:
    """A number guessed into one's own draft does not make the picture one's own."""
    kept = await desk.accept()
    draft = await drafts.start(desk.db, desk.vault, person_id=LI, flow="filing", now=desk.now)
    await drafts.save_paper(
        desk.db, desk.vault, person_id=LI, draft_id=draft.draft_id, slot="id", material_number=kept.number,
        now=desk.now,
    )  # fmt: skip
    with pytest.raises(MaterialNotFound):
        await desk.read(kept.number, viewer_id=LI)


async def test_an_altered_or_exchanged_object_does_not_open(desk: Desk) -> None:
    one, two = await desk.accept("一"), await desk.accept("二")
    pages = {path: path.read_bytes() for path in desk.files._root.glob("*/*")}
    for path, content in pages.items():
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(MaterialDamaged):
        await desk.read(one.number)
    paths = list(pages)
    for path, other in zip(paths, paths[1:] + paths[:1], strict=True):
        path.write_bytes(pages[other])
    with pytest.raises(MaterialDamaged):
        await desk.read(two.number)
    for path in paths:
        path.unlink()
    with pytest.raises(MaterialDamaged):
        await desk.read(one.number)
    # Sending it again mends it.
    assert (await desk.accept("一")).number == one.number
    assert await desk.read(one.number)


async def test_a_full_or_absent_store_leaves_nothing_half_done(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full after the first of the two objects."""
    put, written = desk.files.put, 0

    async def full(name: str, content: bytes) -> None:
        nonlocal written
        written += 1
        if written > 1:
            raise FilesUnavailable
        await put(name, content)

    with monkeypatch.context() as patch:
        patch.setattr(desk.files, "put", full)
        with pytest.raises(materials.NotStored) as refused:
            await desk.accept()
    assert "过几分钟再传" in refused.value.sentence
    for table in ("materials.material", "jobs.pgqueuer"):
        assert await desk.db.fetchval(f"select count(*) from {table}") == 0
    # What did get there is nobody's, and found as such; sending again needs nothing but sending again.
    assert len(await materials.strays(desk.db, desk.vault, desk.files, now=desk.now + timedelta(days=2))) == 1
    assert await desk.read((await desk.accept()).number)


async def test_a_store_that_is_away_says_to_come_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = await desk.accept()

    async def away(_: str) -> bytes:
        raise FilesUnavailable

    monkeypatch.setattr(desk.files, "get", away)
    with pytest.raises(MaterialDamaged, match="过几分钟再试"):
        await desk.read(kept.number)
    # A check does not take it for the loss of every picture.
    with pytest.raises(FilesUnavailable):
        _ = [fault async for fault in materials.check(desk.db, desk.vault, desk.files)]


async def test_another_installations_keys_open_nothing(desk: Desk) -> None:
    kept = await desk.accept()
    stranger = Vault({1: bytes(range(32, 64))}, bytes(range(32, 64)))
    with pytest.raises(MaterialDamaged):
        await materials.read(desk.db, stranger, desk.files, viewer_id=WANG, number=kept.number, now=desk.now)


async def test_what_was_handed_in_is_found_and_usable_again(desk: Desk) -> None:
    front = await desk.accept("正面")
    own = await desk.accept("代办人", person_id=SON, uploaded_by=SON, kind=MaterialKind.PROXY_ID_FRONT)
    await desk.accept("没交的", kind=MaterialKind.ID_CARD_BACK)
    await desk.attach("B1", front.number, own.number)
    await desk.attach("B1", front.number)
    found = await materials.of_subject(desk.db, WANG, "B1")
    assert {material.number for material in found} == {front.number, own.number}
    assert await materials.of_subject(desk.db, LI, "B1") == []
    kinds = [MaterialKind.ID_CARD_FRONT, MaterialKind.ID_CARD_BACK]
    offered = await materials.usable_again(desk.db, WANG, kinds, now=desk.now)
    assert [material.number for material in offered] == [front.number]
    assert await materials.usable_again(desk.db, WANG, kinds, viewer_id=SON, now=desk.now) == []
    later = desk.now + timedelta(days=800)
    assert await materials.usable_again(desk.db, WANG, kinds, now=later) == []
    with pytest.raises(MaterialNotFound):
        await desk.attach("B2", "M00000000000100199900")


async def test_nothing_is_attached_when_one_number_leads_nowhere(desk: Desk) -> None:
    kept = await desk.accept()
    missing = kept.number[:16] + "9" + "00"
    with pytest.raises(MaterialNotFound):
        await desk.attach("B1", kept.number, missing)
    assert await materials.of_subject(desk.db, WANG, "B1") == []


async def test_the_agency_looks_at_what_was_handed_in_under_its_own_name(desk: Desk) -> None:
    kept = await desk.accept()
    read = materials.read_for_review
    with pytest.raises(MaterialNotFound):
        await read(desk.db, desk.vault, desk.files, operator="张三", number=kept.number, now=desk.now)
    await desk.attach("R1", kept.number)
    content, _ = await read(desk.db, desk.vault, desk.files, operator="张三", number=kept.number, now=desk.now)
    assert opened(content).size == (640, 480)
    assert await desk.db.fetchval("select actor from infra.audit") == "operator:张三"


async def test_who_keeps_sending_and_never_hands_in_is_stopped(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tongban.materials.service._LOOSE_MAX", 1)
    kept = await desk.accept("一")
    with pytest.raises(materials.TooManyPictures):
        await desk.accept("二")
    assert (await desk.accept("一")).number == kept.number
    await desk.attach("B1", kept.number)
    await desk.accept("二")


def test_every_kind_has_a_word_and_says_what_a_good_picture_shows() -> None:
    assert set(SAMPLES) == set(MaterialKind)
    assert all(kind.zh for kind in MaterialKind)


def test_the_laws_papers_have_kinds() -> None:
    """Every code of a paper the policies name leads to a word of ours."""
    codes = {
        line.partition("code: ")[2].partition(",")[0]
        for path in (Path(__file__).parents[2] / "policies").rglob("*.yaml")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith("- {code: ") and "sentence: " in line
    }
    assert "household_register_cover" in codes
    assert {code for code in codes if kind_of_code(code) is MaterialKind.OTHER} == set()
    assert kind_of_code("residence_certificate") is MaterialKind.VILLAGE_CERTIFICATE
    assert kind_of_code("something_new") is MaterialKind.OTHER


def test_pictures_of_a_slot_come_in_their_order() -> None:
    papers = {"invoice.10": "c", "invoice": "a", "invoice.2": "b", "invoice_list": "x", "invoice.x": "y"}
    assert in_slot(papers, "invoice") == ("a", "b", "c")
    assert in_slot(papers, "fee_list") == ()


def test_papers_are_kept_as_long_as_the_law_says_and_never_less_than_two_years(pack: Pack) -> None:
    assert months_to_keep(pack, "140100", date(2026, 11, 22)) == 24
    assert months_to_keep(pack, "999999", date(2026, 11, 22)) == 24


async def test_a_longer_retention_is_followed(desk: Desk) -> None:
    kept = await desk.accept(body=photo("长"))
    await materials.attach(desk.db, person_id=WANG, numbers=[kept.number], subject="B1", months=60, now=desk.now)
    found = await materials.find(desk.db, viewer_id=WANG, number=kept.number, now=desk.now)
    assert found.keep_until is not None
    assert (found.keep_until.year, found.keep_until.month) == (desk.now.year + 5, desk.now.month)
