"""Opening a filing: what is written, and every refusal in its order."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from filing_kit import (
    BEIJING,
    BINGTUAN,
    DATONG,
    NAME_IN_STROKES,
    NOW,
    SHANXI_OWN,
    SHIJIAZHUANG,
    TAIYUAN,
    TANGSHAN,
    TODAY,
    URUMQI,
    Desk,
    Registry,
    Resident,
    end_of,
)

from tongban.filing import (
    EnrollmentMismatch,
    FilingNotNeeded,
    FilingOverlaps,
    FilingStatus,
    HospitalFilesIt,
    MedicalCodeNotActive,
    NoticeNotRead,
    PlaceRefused,
    get_filing,
    load_texts,
    signature_holds,
)
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection
from tongban.kernel.errors import Invalid, Refusal
from tongban.kernel.vocabulary import CareKind, FilingKind, InsuranceType, Locality, PersonnelCategory
from tongban.law import Pack, filing_terms
from tongban.signing import CommitmentNotAgreed, Signature, SignatureRefused, SignatureVoid


async def test_a_long_term_filing_is_in_force_at_once_and_open_ended(
    db: Connection, desk: Desk, retiree: Resident, vault: Vault
) -> None:
    filing = await desk.file(db, retiree)
    assert filing.status is FilingStatus.ACTIVE
    assert filing.valid_from == TODAY
    assert filing.valid_to is None
    assert filing.is_in_force(TODAY)
    assert CareKind.INPATIENT in filing.scopes
    assert filing.status_zh(TODAY) == "已备案"

    detail = await get_filing(db, vault, viewer_id=retiree.person_id, number=filing.number)
    assert detail.filing == filing
    assert detail.contact_phone == "13800000001"
    assert detail.residence_address == "长安区中山东路 126 号"
    assert [event.what for event in detail.events] == ["filed"]
    assert detail.decision["decisions"]["inpatient"]["outcome"] == "must_file"
    assert detail.decision["decisions"]["inpatient"]["sources"]
    assert detail.filing.policy_version == desk.pack.version
    assert detail.signed is not None
    assert "属实" in detail.signed.text
    assert signature_holds(detail)


async def test_phone_and_addresses_are_nowhere_in_clear(
    owner_db: Connection, db: Connection, desk: Desk, retiree: Resident
) -> None:
    await desk.file(db, retiree)
    row = await owner_db.fetchrow("select row_to_json(f)::text as whole, answers from filing.filing f")
    assert "13800000001" not in row["whole"]
    assert "体育路" not in row["whole"]
    assert "中山东路" not in row["whole"]
    assert row["answers"]["treatment_pool"] == SHIJIAZHUANG


async def test_the_audit_names_the_filing_but_no_secret(
    owner_db: Connection, db: Connection, desk: Desk, retiree: Resident
) -> None:
    filing = await desk.file(db, retiree)
    row = await owner_db.fetchrow("select action, actor, subject, person_id, detail::text as detail from infra.audit")
    assert (row["action"], row["actor"]) == ("filing.opened", f"person:{retiree.person_id}")
    assert (row["subject"], row["person_id"]) == (filing.number, retiree.person_id)
    assert "13800000001" not in row["detail"]


async def test_a_drawn_signature_is_kept_as_strokes_and_as_picture(
    owner_db: Connection, db: Connection, desk: Desk, retiree: Resident
) -> None:
    answers = desk.answers(retiree)
    await desk.file(db, retiree, answers, signature=desk.draw(retiree, answers, NAME_IN_STROKES))
    row = await owner_db.fetchrow("select * from signing.signature")
    assert row["method"] == "strokes"
    assert bytes(row["picture_png"]).startswith(b"\x89PNG")
    assert len(row["strokes"]["strokes"]) == 2
    assert row["signer_name"] == retiree.name


async def test_the_same_token_gives_the_same_filing(db: Connection, desk: Desk, retiree: Resident) -> None:
    token = uuid4()
    first = await desk.file(db, retiree, token=token)
    again = await desk.file(db, retiree, token=token)
    assert again == first
    assert await db.fetchval("select count(*) from filing.filing") == 1


async def test_a_temporary_filing_ends_when_the_policy_says(
    db: Connection, desk: Desk, retiree: Resident, pack: Pack
) -> None:
    filing = await desk.file(db, retiree, kind=FilingKind.UNREFERRED)
    months = filing_terms(pack, TAIYUAN, FilingKind.UNREFERRED, Locality.CROSS_PROVINCE, TODAY).months_valid
    assert months is not None
    assert filing.valid_to == end_of(months)


async def test_different_places_coexist_and_serials_count_up(db: Connection, desk: Desk, retiree: Resident) -> None:
    serials = [(await desk.file(db, retiree, to=to)).filing_serial for to in (SHIJIAZHUANG, TANGSHAN, BEIJING)]
    assert serials == [1, 2, 3]


async def test_bingtuan_is_a_place_of_its_own_beside_xinjiang(db: Connection, desk: Desk, retiree: Resident) -> None:
    xinjiang = await desk.file(db, retiree, to=URUMQI)
    bingtuan = await desk.file(db, retiree, to=BINGTUAN)
    assert xinjiang.treatment_pool != bingtuan.treatment_pool


# --- refusals ---


@pytest.mark.parametrize("state", ["inactive", "lost", None])
async def test_without_an_active_medical_code_nothing_is_filed(
    db: Connection, desk: Desk, registry: Registry, state: str | None
) -> None:
    someone = await registry.add(code_state=state)
    with pytest.raises(MedicalCodeNotActive, match="激活"):
        await desk.file(db, someone)
    assert await db.fetchval("select count(*) from filing.filing") == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"insurance_type": InsuranceType.RESIDENT, "category": PersonnelCategory.ELDER},
        {"category": PersonnelCategory.ACTIVE},
        {"insured_pool": DATONG},
    ],
)
async def test_object_identity_and_region_must_be_those_of_the_record(
    db: Connection, desk: Desk, retiree: Resident, wrong: dict[str, Any]
) -> None:
    answers = replace(desk.answers(retiree), **wrong)
    with pytest.raises(EnrollmentMismatch) as refused:
        await desk.file(db, retiree, answers)
    assert "职工医保（退休）" in refused.value.sentence


async def test_an_enrollment_of_the_past_does_not_count(db: Connection, desk: Desk, registry: Registry) -> None:
    former = await registry.add(valid_to=TODAY - timedelta(days=1))
    with pytest.raises(EnrollmentMismatch, match="没有查到"):
        await desk.file(db, former)


async def test_the_last_day_of_an_enrollment_counts(db: Connection, desk: Desk, registry: Registry) -> None:
    assert await desk.file(db, await registry.add(valid_to=TODAY))


@pytest.mark.parametrize(
    ("to", "says"), [(TAIYUAN, "就是您的参保地"), (SHANXI_OWN, "还不能备案"), ("999999", "没有找到")]
)
async def test_a_place_one_cannot_file_to(db: Connection, desk: Desk, retiree: Resident, to: str, says: str) -> None:
    answers = replace(desk.answers(retiree), treatment_pool=to)
    with pytest.raises(PlaceRefused, match=says):
        await desk.file(db, retiree, answers, signature=Signature(b"", typed_name=retiree.name))


@pytest.mark.parametrize("to", [SHIJIAZHUANG, DATONG])
async def test_a_referral_is_the_hospitals_to_file(db: Connection, desk: Desk, retiree: Resident, to: str) -> None:
    answers = replace(desk.answers(retiree, to=to), kind=FilingKind.REFERRAL)
    with pytest.raises(HospitalFilesIt, match="医院"):
        await desk.file(db, retiree, answers, signature=Signature(b"", typed_name=retiree.name))


async def test_what_needs_no_filing_is_not_filed(db: Connection, desk: Desk, farmer: Resident) -> None:
    answers = replace(desk.answers(farmer, to=DATONG), kind=FilingKind.UNREFERRED)
    with pytest.raises(FilingNotNeeded):
        await desk.file(db, farmer, answers, signature=Signature(b"", typed_name=farmer.name))


@pytest.mark.parametrize(
    ("changed", "field", "says"),
    [
        ({"contact_name": ""}, "contact", "姓名"),
        ({"contact_name": "王秀兰<script>"}, "contact", "姓名"),
        ({"contact_phone": "1380351"}, "tel", "您填了 7 位"),
        ({"contact_phone": "138000000011"}, "tel", "您填了 12 位"),
        ({"contact_phone": "1380000000x"}, "tel", "数字"),
        ({"contact_phone": "23800000001"}, "tel", "1 开头"),
        ({"contact_phone": ""}, "tel", "请填手机号"),
        ({"contact_address": "家"}, "addr", "太短"),
        ({"contact_address": "家" * 201}, "addr", "201"),
        ({"residence_address": ""}, "residence", "住址"),
        ({"ends_on": TODAY - timedelta(days=1)}, "end", "结束日期"),
        ({"starts_on": TODAY + timedelta(days=2), "ends_on": TODAY + timedelta(days=1)}, "end", "之后"),
        ({"starts_on": date(2062, 11, 22)}, "start", "年份"),
        ({"admitted_on": TODAY}, "start", "早于住院那天"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(
    db: Connection, desk: Desk, retiree: Resident, changed: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await desk.file(db, retiree, replace(desk.answers(retiree), **changed))
    assert [problem.field for problem in refused.value.problems] == [field]
    assert says in refused.value.problems[0].sentence


async def test_all_that_is_wrong_is_said_at_once(db: Connection, desk: Desk, retiree: Resident) -> None:
    answers = replace(desk.answers(retiree), admitted_on=TODAY, contact_phone="1", contact_address="")
    with pytest.raises(Invalid) as refused:
        await desk.file(db, retiree, answers)
    assert [problem.field for problem in refused.value.problems] == ["start", "tel", "addr"]


async def test_how_far_back_a_start_may_lie(db: Connection, desk: Desk, retiree: Resident, pack: Pack) -> None:
    days = filing_terms(pack, TAIYUAN, FilingKind.LONG_TERM_RESIDENT, Locality.CROSS_PROVINCE, TODAY).backdate_days_max
    earliest = TODAY - timedelta(days=days)
    with pytest.raises(Invalid, match="开始日期不能填"):
        await desk.file(db, retiree, starts_on=earliest - timedelta(days=1))
    assert (await desk.file(db, retiree, starts_on=earliest)).valid_from == earliest


async def test_admitted_yesterday_the_start_may_still_come_before(
    db: Connection, desk: Desk, retiree: Resident
) -> None:
    yesterday = TODAY - timedelta(days=1)
    with pytest.raises(Invalid, match="早于住院那天"):
        await desk.file(db, retiree, starts_on=yesterday, admitted_on=yesterday)
    filing = await desk.file(db, retiree, starts_on=yesterday - timedelta(days=1), admitted_on=yesterday)
    assert filing.valid_from < yesterday


async def test_an_admission_too_long_ago_is_said_at_the_admission(
    db: Connection, desk: Desk, retiree: Resident
) -> None:
    with pytest.raises(Invalid) as refused:
        await desk.file(db, retiree, admitted_on=TODAY - timedelta(days=400))
    assert [problem.field for problem in refused.value.problems] == ["admitted"]
    assert "补不了" in refused.value.problems[0].sentence


async def test_a_temporary_filing_cannot_outlast_the_policy(db: Connection, desk: Desk, retiree: Resident) -> None:
    answers = desk.answers(retiree, FilingKind.UNREFERRED)
    assert answers.ends_on is not None
    with pytest.raises(Invalid, match="最长"):
        await desk.file(db, retiree, replace(answers, ends_on=answers.ends_on + timedelta(days=1)))
    with pytest.raises(Invalid, match="结束日期"):
        await desk.file(db, retiree, replace(answers, ends_on=None))
    shorter = answers.ends_on - timedelta(days=30)
    assert (await desk.file(db, retiree, replace(answers, ends_on=shorter))).valid_to == shorter


async def test_an_older_notice_or_commitment_was_not_read(db: Connection, desk: Desk, retiree: Resident) -> None:
    with pytest.raises(NoticeNotRead):
        await desk.file(db, retiree, notice_version="2020-01-01.0")
    with pytest.raises(CommitmentNotAgreed):
        await desk.file(db, retiree, commitment_version="2020-01-01.0")


@pytest.mark.parametrize("name", ["", "王兰", "李秀兰"])
async def test_another_name_signs_nothing(db: Connection, desk: Desk, retiree: Resident, name: str) -> None:
    answers = desk.answers(retiree)
    signature = replace(desk.sign(retiree, answers), typed_name=name)
    with pytest.raises(SignatureRefused):
        await desk.file(db, retiree, answers, signature=signature)


@pytest.mark.parametrize(
    "changed",
    [
        {"contact_phone": "13800000002"},
        {"contact_address": "太原市小店区体育路 9 号"},
        {"residence_address": "长安区中山东路 127 号"},
        {"starts_on": TODAY + timedelta(days=1)},
        {"ends_on": TODAY + timedelta(days=300)},
        {"contact_name": "王秀英"},
        {"admitted_on": TODAY + timedelta(days=9)},
    ],
)
async def test_changing_any_answer_after_signing_voids_the_signature(
    db: Connection, desk: Desk, retiree: Resident, changed: dict[str, Any]
) -> None:
    signed = desk.answers(retiree)
    with pytest.raises(SignatureVoid, match="作废"):
        await desk.file(db, retiree, replace(signed, **changed), signature=desk.sign(retiree, signed))


async def test_a_signature_for_one_person_is_void_for_another(db: Connection, desk: Desk, registry: Registry) -> None:
    first, second = await registry.add(), await registry.add()
    answers = desk.answers(second)
    with pytest.raises(SignatureVoid):
        await desk.file(db, second, answers, signature=desk.sign(first, answers))


async def test_an_altered_record_no_longer_carries_its_signature(
    owner_db: Connection, db: Connection, desk: Desk, retiree: Resident, vault: Vault
) -> None:
    filing = await desk.file(db, retiree)
    await owner_db.execute(
        "update filing.filing set contact_phone_enc = $1", vault.seal("13911111111", "filing.contact_phone")
    )
    assert not signature_holds(await get_filing(db, vault, viewer_id=retiree.person_id, number=filing.number))


# --- overlap ---


async def test_the_same_place_twice_is_refused_with_the_number_that_stands(
    db: Connection, desk: Desk, retiree: Resident
) -> None:
    first = await desk.file(db, retiree)
    with pytest.raises(FilingOverlaps) as refused:
        await desk.file(db, retiree, starts_on=TODAY + timedelta(days=30))
    assert refused.value.existing == first
    for word in (first.number, "石家庄市", "2026年11月22日", "长期有效", "不用再办"):
        assert word in refused.value.sentence


async def test_the_day_after_the_end_is_free_and_the_last_day_is_not(
    db: Connection, desk: Desk, retiree: Resident
) -> None:
    end = TODAY + timedelta(days=9)
    await desk.file(db, retiree, starts_on=TODAY, ends_on=end)
    with pytest.raises(FilingOverlaps):
        await desk.file(db, retiree, starts_on=end)
    assert await desk.file(db, retiree, starts_on=end + timedelta(days=1))


async def test_a_refused_overlap_leaves_nothing_behind(
    owner_db: Connection, db: Connection, desk: Desk, retiree: Resident
) -> None:
    await desk.file(db, retiree)
    with pytest.raises(FilingOverlaps):
        await desk.file(db, retiree)
    assert await owner_db.fetchval("select count(*) from signing.signature") == 1
    assert await owner_db.fetchval("select count(*) from infra.audit") == 1
    # The connection goes on working, and the next serial has no gap.
    assert (await desk.file(db, retiree, to=BEIJING)).filing_serial == 2


Attempt = Callable[[], Awaitable[object]]


async def test_checks_come_in_their_order(db: Connection, desk: Desk, registry: Registry) -> None:
    """With everything wrong at once, the person hears of the first thing only."""
    someone = await registry.add(code_state="inactive")
    everything_wrong = replace(
        desk.answers(someone),
        insured_pool=DATONG,
        treatment_pool="999999",
        contact_phone="",
        notice_version="",
        commitment_version="",
    )
    mended: list[tuple[type[Refusal], Callable[[], Any]]] = [
        (MedicalCodeNotActive, lambda: None),
        (EnrollmentMismatch, lambda: {"insured_pool": TAIYUAN}),
        (PlaceRefused, lambda: {"treatment_pool": SHIJIAZHUANG}),
        (Invalid, lambda: {"contact_phone": "13800000001"}),
        (
            NoticeNotRead,
            lambda: {"notice_version": load_texts().notice(everything_wrong.kind, Locality.CROSS_PROVINCE).version},
        ),
        (CommitmentNotAgreed, lambda: {"commitment_version": desk.answers(someone).commitment_version}),
        (SignatureVoid, lambda: None),
    ]
    answers = everything_wrong
    for refusal, mend in mended:
        with pytest.raises(refusal):
            await desk.file(db, someone, answers, signature=Signature(b"", typed_name=""))
        if refusal is MedicalCodeNotActive:
            await registry._db.execute("update people.credential set state = 'active'")
        elif changes := mend():
            answers = replace(answers, **changes)
    assert await desk.file(db, someone, answers, signature=desk.sign(someone, answers), now=NOW)
