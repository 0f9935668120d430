"""Pictures put away, looked at, handed in and used again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pictures_kit import opened, photo

from tongban import drafts, materials
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection
from tongban.infra.files import DiskFiles
from tongban.materials import MaterialKind, MaterialNotFound

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
WANG, LI, SON = 1001, 1002, 1003


@pytest.fixture
def files(tmp_path: Path) -> DiskFiles:
    return DiskFiles(tmp_path / "files")


class Desk:
    """Sends pictures of WANG's papers unless told otherwise."""

    def __init__(self, db: Connection, vault: Vault, files: DiskFiles) -> None:
        self.db, self.vault, self.files = db, vault, files

    async def accept(
        self,
        text: str = "身份证",
        *,
        person_id: int = WANG,
        uploaded_by: int = WANG,
        kind: MaterialKind = MaterialKind.ID_CARD_FRONT,
        now: datetime = NOW,
    ) -> materials.Material:
        return await materials.accept(
            self.db,
            self.vault,
            self.files,
            person_id=person_id,
            uploaded_by=uploaded_by,
            kind=kind,
            body=photo(text),
            claimed_type="image/jpeg",
            now=now,
        )

    async def read(self, number: str, *, viewer_id: int = WANG, page: int = 1, now: datetime = NOW) -> bytes:
        content, media_type = await materials.read(
            self.db, self.vault, self.files, viewer_id=viewer_id, number=number, page=page, now=now
        )
        assert media_type == "image/jpeg"
        return content


@pytest.fixture
def desk(db: Connection, vault: Vault, files: DiskFiles) -> Desk:
    return Desk(db, vault, files)


async def test_a_picture_comes_back_as_it_was_put_away_and_the_look_is_logged(desk: Desk) -> None:
    kept = await desk.accept()
    assert (kept.number[0], kept.pages, kept.keep_until) == ("M", 1, None)
    page, thumb = await desk.read(kept.number), await desk.read(kept.number, page=materials.THUMB)
    assert opened(page).size == (640, 480)
    assert max(opened(thumb).size) == 240
    rows = await desk.db.fetch("select actor, action, person_id, subject, detail from infra.audit order by audit_id")
    assert [tuple(row) for row in rows] == [
        ("person:1001", "material.viewed", WANG, kept.number, {"page": page}) for page in (1, 0)
    ]


async def test_somebody_elses_number_answers_like_no_number(desk: Desk) -> None:
    kept = await desk.accept()
    sentences = set()
    for number in (kept.number, "M000000000001001999" + "00", "M", "", kept.number[:-1] + "0"):
        with pytest.raises(MaterialNotFound) as refused:
            await desk.read(number, viewer_id=LI)
        sentences.add((refused.value.sentence, refused.value.code, refused.value.status))
    assert len(sentences) == 1
    assert await desk.db.fetchval("select count(*) from infra.audit") == 0


async def test_a_proxy_sees_what_they_took_while_it_lies_in_their_draft_or_an_open_matter(desk: Desk) -> None:
    kept = await desk.accept(uploaded_by=SON)
    with pytest.raises(MaterialNotFound):
        await desk.read(kept.number, viewer_id=SON)
    draft = await drafts.start(desk.db, desk.vault, person_id=SON, flow="filing", for_person_id=WANG, now=NOW)
    await drafts.save_paper(
        desk.db, desk.vault, person_id=SON, draft_id=draft.draft_id, slot="id", material_number=kept.number, now=NOW
    )
    assert await desk.read(kept.number, viewer_id=SON)
    with pytest.raises(MaterialNotFound):
        await desk.read(kept.number, viewer_id=SON, now=NOW + timedelta(days=40))
    await materials.attach(desk.db, person_id=WANG, numbers=[kept.number], subject="B1", now=NOW)
    await drafts.discard(desk.db, person_id=SON, draft_id=draft.draft_id)
    assert await desk.read(kept.number, viewer_id=SON)
    await materials.close(desk.db, person_id=WANG, subject="B1", now=NOW + timedelta(days=1))
    with pytest.raises(MaterialNotFound):
        await desk.read(kept.number, viewer_id=SON, now=NOW + timedelta(days=1))
    assert await desk.read(kept.number, viewer_id=WANG)
