"""SQL of signatures, and keeping them: they are only ever added."""

from typing import Any

from tongban.infra.db import Db
from tongban.signing.model import SignatureMethod, SignedText


async def keep(db: Db, *, person_id: int, subject: str, signature_no: int, signed: SignedText) -> None:
    """Keep one signature under the number of the matter, inside the use case's transaction.

    `person_id` is whose matter it is; `signature_no` counts from 1 where one matter is signed more than once.
    """
    await db.execute(
        """insert into signing.signature (person_id, subject, signature_no, signer_id, signer_name, method, title,
                                          text_version, text_signed, strokes, picture_png, answers_hash, signed_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)""",
        person_id,
        subject,
        signature_no,
        signed.signer_id,
        signed.signer_name,
        signed.method.value,
        signed.title,
        signed.text_version,
        signed.text,
        dict(signed.strokes) if signed.strokes is not None else None,
        signed.picture_png,
        signed.answers_hash,
        signed.signed_at,
    )


async def signatures_of(db: Db, person_id: int, subject: str) -> list[SignedText]:
    """All signatures of one matter, in the order they were put. Who may see them is the caller's to have checked."""
    rows = await db.fetch(
        "select * from signing.signature where person_id = $1 and subject = $2 order by signature_no",
        person_id,
        subject,
    )
    return [_signed(row) for row in rows]


def _signed(row: Any) -> SignedText:
    return SignedText(
        signer_id=row["signer_id"],
        signer_name=row["signer_name"],
        method=SignatureMethod(row["method"]),
        title=row["title"],
        text_version=row["text_version"],
        text=row["text_signed"],
        strokes=row["strokes"],
        picture_png=row["picture_png"],
        answers_hash=row["answers_hash"],
        signed_at=row["signed_at"],
    )
