"""A name under a text: bound to every answer, kept letter for letter, never changed."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from tongban.infra.db import Connection
from tongban.signing import (
    Signature,
    SignatureMethod,
    SignatureRefused,
    SignatureVoid,
    answers_hash,
    commitment_from,
    holds,
    keep,
    sign,
    signatures_of,
)

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
MOTHER, SON = 200_000_000_000_001, 200_000_000_000_002
CONTENT: dict[str, Any] = {
    "dated": "2026-11-01",
    "title": "承诺书",
    "points": [{"zh": "都是**真的**"}, {"zh": "留好{proof}", "needs": "proof"}, {"zh": "没有证明", "without": "proof"}],
    "paragraphs": [{"zh": "我去{place}。"}, {"zh": "有{proof}。", "needs": "proof"}],
}
COMMITMENT = commitment_from(CONTENT, {"place": "北京市", "proof": "居住证"})
ANSWERS = {"person_id": MOTHER, "signer_id": SON, "tel": "13800000001", "papers": {"own_front": "ab" * 32}}
SIGNER: dict[str, Any] = {"signer_id": SON, "signer_name": "王建国", "now": NOW}


def _typed(answers: dict[str, Any] = ANSWERS) -> Signature:
    return Signature(answers_hash(COMMITMENT, answers), typed_name="王建国")


def test_lines_stand_or_fall_with_their_word() -> None:
    assert [point.plain for point in COMMITMENT.points] == ["都是真的", "留好居住证"]
    assert COMMITMENT.paragraphs == ["我去北京市。", "有居住证。"]
    bare = commitment_from(CONTENT, {"place": "{proof}", "proof": ""})
    assert [point.plain for point in bare.points] == ["都是真的", "没有证明"]
    assert bare.text == "我去{proof}。"
    assert bare.version != COMMITMENT.version
    with pytest.raises(KeyError):
        commitment_from(CONTENT, {"place": "北京市"})


@pytest.mark.parametrize(
    "changed",
    [
        {"tel": "13800000002"},
        {"person_id": MOTHER + 5},
        {"signer_id": MOTHER},
        {"papers": {"own_front": "cd" * 32}},
        {"papers": {}},
        {"more": ""},
    ],
)
def test_any_other_answer_or_picture_voids_the_name(changed: dict[str, Any]) -> None:
    with pytest.raises(SignatureVoid):
        sign(_typed(), COMMITMENT, ANSWERS | changed, **SIGNER)
    signed = sign(_typed(), COMMITMENT, ANSWERS, **SIGNER)
    assert holds(signed, ANSWERS)
    assert not holds(signed, ANSWERS | changed)


def test_another_wording_voids_it_too() -> None:
    with pytest.raises(SignatureVoid):
        sign(_typed(), COMMITMENT._replace(text="别的"), ANSWERS, **SIGNER)


def test_the_signers_full_name_is_asked_for() -> None:
    with pytest.raises(SignatureRefused, match="写全名"):
        sign(replace(_typed(), typed_name="王秀兰"), COMMITMENT, ANSWERS, **SIGNER)


def test_nobody_signs_for_nobody() -> None:
    with pytest.raises(ValueError, match="signer_id"):
        answers_hash(COMMITMENT, {"person_id": MOTHER})


async def test_kept_as_signed_in_the_order_of_signing(db: Connection) -> None:
    first = sign(_typed(), COMMITMENT, ANSWERS, **SIGNER)
    pad = '{"w": 300, "h": 200, "s": [[[0.1, 0.2, 0], [0.5, 0.8, 9], [0.9, 0.2, 20]]]}'
    drawn = Signature(answers_hash(COMMITMENT, ANSWERS), strokes=pad)
    second = sign(drawn, COMMITMENT, ANSWERS, **SIGNER)
    assert second.method is SignatureMethod.STROKES
    await keep(db, person_id=MOTHER, subject="B1", signature_no=2, signed=second)
    await keep(db, person_id=MOTHER, subject="B1", signature_no=1, signed=first)
    assert await signatures_of(db, MOTHER, "B1") == [first, second]
    assert await signatures_of(db, SON, "B1") == []
    assert await signatures_of(db, MOTHER, "B2") == []


async def test_the_archive_takes_no_second_and_no_changed_signature(db: Connection) -> None:
    signed = sign(_typed(), COMMITMENT, ANSWERS, **SIGNER)
    await keep(db, person_id=MOTHER, subject="B1", signature_no=1, signed=signed)
    with pytest.raises(asyncpg.UniqueViolationError):
        await keep(db, person_id=MOTHER, subject="B1", signature_no=1, signed=signed)
    for statement in ("update signing.signature set signer_name = 'x'", "delete from signing.signature"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute(statement)
