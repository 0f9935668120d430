"""Sends pictures of papers and looks at them."""

from dataclasses import dataclass
from datetime import datetime

from pictures_kit import photo

from tongban import materials
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection
from tongban.infra.files import DiskFiles
from tongban.materials import MaterialKind

WANG, LI, SON = 1001, 1002, 1003


@dataclass
class Desk:
    """Sends pictures of WANG's papers unless told otherwise. `now` is the real day: the database has its own clock."""

    db: Connection
    vault: Vault
    files: DiskFiles
    now: datetime

    async def accept(
        self,
        text: str = "身份证",
        *,
        person_id: int = WANG,
        uploaded_by: int = WANG,
        kind: MaterialKind = MaterialKind.ID_CARD_FRONT,
        now: datetime | None = None,
        body: bytes | None = None,
    ) -> materials.Material:
        return await materials.accept(
            self.db,
            self.vault,
            self.files,
            person_id=person_id,
            uploaded_by=uploaded_by,
            kind=kind,
            body=photo(text) if body is None else body,
            claimed_type="image/jpeg",
            now=now or self.now,
        )

    async def read(self, number: str, *, viewer_id: int = WANG, page: int = 1, now: datetime | None = None) -> bytes:
        content, media_type = await materials.read(
            self.db, self.vault, self.files, viewer_id=viewer_id, number=number, page=page, now=now or self.now
        )
        assert media_type == "image/jpeg"
        return content

    async def attach(self, subject: str, *numbers: str, person_id: int = WANG, now: datetime | None = None) -> None:
        await materials.attach(self.db, person_id=person_id, numbers=numbers, subject=subject, now=now or self.now)

    def objects(self) -> set[str]:
        root = self.files._root
        return {path.name for path in root.glob("*/*")} if root.exists() else set()
