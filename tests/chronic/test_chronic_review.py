"""The agency's side: whose turn it is, who may see it, and what the database lets happen at the same time."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from recognition_kit import (
    AGENCY,
    AS_APPLIED,
    COLLEAGUE,
    DATONG_AGENCY,
    DIABETES,
    EPILEPSY,
    HOSPITAL,
    HYPERTENSION,
    NOW,
    OTHER_HOSPITAL,
    TODAY,
    UNCONNECTED,
    Office,
    Registry,
    Resident,
    day,
)

from tongban import chronic, drafts, notices
from tongban.agency import CaseNotFound, NothingSaid, Operator
from tongban.chronic import (
    AlreadyApplied,
    AlreadyDecided,
    Application,
    ApplicationState,
    ApplicationWithdrawn,
    Certification,
    Decision,
    DecisionRefused,
    NotAccepted,
    RefusalReason,
    WaitsForMaterials,
)
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, connected
from tongban.kernel.errors import Invalid, Refusal
from tongban.law import Pack
from tongban.materials import MaterialKind, MaterialNotFound

REPORT = [MaterialKind.EXAM_REPORT]


async def test_from_the_queue_to_a_certification(office: Office, elder: Resident, db: Connection, vault: Vault) -> None:
    made = await office.apply(elder, disease={"diseases": f"{HYPERTENSION} {EPILEPSY}"})
    (row,) = await chronic.queue(db, AGENCY, now=NOW)
    assert (row.masked_name, row.days_left, row.application.number) == ("王*兰", None, made.number)

    case = await chronic.show(db, vault, office.pack, AGENCY, made.number, reason="例行审核", now=NOW)
    assert "13800000001" not in str(case)
    assert [each.label for each in case.fields if not each.is_same] == []
    assert case.papers_asked.undetermined is not None

    await chronic.accept(db, AGENCY, made.number, now=NOW)
    decided = await chronic.approve(
        db, office.pack, AGENCY, made.number, Decision(codes=(HYPERTENSION,), valid_to=day("2028-11-21")), now=NOW
    )

    (certified,) = decided
    assert (certified.wanted.zh, certified.valid_from, certified.valid_to) == ("高血压", TODAY, day("2028-11-21"))
    assert certified.institutions_on(TODAY) == (HOSPITAL,)
    after = await chronic.application_seen_by(db, elder.person_id, made.number)
    assert after.state is ApplicationState.RECOGNISED
    assert {each.wanted.zh: each.is_recognised for each in after.diseases} == {"高血压": True, "癫痫": False}
    assert await chronic.queue(db, AGENCY, now=NOW) == []
    assert (await notices.inbox(db, elder.person_id))[0].title == "慢特病认定已经通过"


async def test_every_look_is_written_down_with_who_and_why(
    office: Office, elder: Resident, db: Connection, owner_db: Connection, vault: Vault
) -> None:
    made = await office.apply(elder)
    await chronic.show(db, vault, office.pack, AGENCY, made.number, reason="电话咨询", now=NOW)
    row = await owner_db.fetchrow("select actor, subject, detail from infra.audit where action = 'chronic.viewed'")
    assert (row["actor"], row["subject"]) == ("operator:李经办", made.number)
    assert "电话咨询" in str(row["detail"])


async def test_an_agency_of_another_pool_finds_nothing(
    office: Office, elder: Resident, db: Connection, vault: Vault
) -> None:
    made = await office.apply(elder)
    assert await chronic.queue(db, DATONG_AGENCY, now=NOW) == []
    told = dict.fromkeys([f"C{elder.person_id}999", made.number])  # no such application, and another pool's
    for number in told:
        attempts: list[Awaitable[Any]] = [
            chronic.show(db, vault, office.pack, DATONG_AGENCY, number, reason="", now=NOW),
            chronic.photo(db, vault, office.files, DATONG_AGENCY, number, "M1", page=1, now=NOW),
            chronic.accept(db, DATONG_AGENCY, number, take_over=True, now=NOW),
            chronic.end_certification(db, DATONG_AGENCY, number, 1, last_day=TODAY, reason="转到外地参保", now=NOW),
            *_verbs(office, number, DATONG_AGENCY),
        ]
        for attempt in attempts:
            with pytest.raises(CaseNotFound) as refused:
                await attempt
            told[number] = str(refused.value)
    assert len(set(told.values())) == 1  # which of the two it was is not to be learnt


# -- whose turn it is -------------------------------------------------------------------------------------------------


def _verbs(office: Office, number: str, operator: Operator = AGENCY) -> list[Awaitable[Any]]:
    db = office.db
    return [
        chronic.ask(db, operator, number, kinds=REPORT, sentence="请补拍检查报告", now=NOW),
        chronic.approve(db, office.pack, operator, number, AS_APPLIED, now=NOW),
        chronic.refuse(db, operator, number, reason=RefusalReason.BELOW_STANDARD, sentence="没有达到标准", now=NOW),
    ]


async def test_nothing_is_decided_before_it_is_taken(office: Office, elder: Resident) -> None:
    made = await office.apply(elder)
    for verb in _verbs(office, made.number):
        with pytest.raises(NotAccepted, match="请先受理"):
            await verb


async def test_a_colleagues_application_is_the_colleagues(office: Office, elder: Resident, db: Connection) -> None:
    made = await office.apply(elder)
    await chronic.accept(db, COLLEAGUE, made.number, now=NOW)
    with pytest.raises(NotAccepted, match="赵经办"):
        await chronic.accept(db, AGENCY, made.number, now=NOW)
    for verb in _verbs(office, made.number):
        with pytest.raises(NotAccepted, match="赵经办"):
            await verb
    assert (await chronic.accept(db, COLLEAGUE, made.number, now=NOW)).accepted_by == "赵经办"


async def test_a_colleague_who_is_away_is_taken_over_from(
    office: Office, elder: Resident, db: Connection, owner_db: Connection
) -> None:
    made = await office.apply(elder)
    await chronic.accept(db, COLLEAGUE, made.number, now=NOW)
    told = len(await notices.inbox(db, elder.person_id))
    assert (await chronic.accept(db, AGENCY, made.number, take_over=True, now=NOW)).accepted_by == "李经办"
    assert len(await notices.inbox(db, elder.person_id)) == told  # it is their matter only once
    row = await owner_db.fetchrow("select actor, detail::text from infra.audit where action = 'chronic.taken_over'")
    assert row["actor"] == "operator:李经办"
    assert "赵经办" in row["detail"]
    with pytest.raises(NotAccepted, match="李经办"):
        await chronic.approve(db, office.pack, COLLEAGUE, made.number, AS_APPLIED, now=NOW)
    assert await chronic.approve(db, office.pack, AGENCY, made.number, AS_APPLIED, now=NOW)


async def test_what_is_added_stands_beside_what_was_handed_in_first(
    office: Office, elder: Resident, outspoken: Pack, db: Connection, registry: Registry
) -> None:
    office = replace(office, pack=outspoken)
    draft = await office.draft(elder)
    first = [await office.picture(elder, kind) for kind in (MaterialKind.DIAGNOSIS_CERTIFICATE, *REPORT)]
    for number, slot in zip(first, ("diagnosis_certificate", "exam_report"), strict=True):
        draft = await drafts.save_paper(
            db,
            office.vault,
            person_id=elder.person_id,
            draft_id=draft.draft_id,
            slot=slot,
            material_number=number,
            now=NOW,
        )
    made = await office.hand_in(await office.sign(draft, elder.name))
    await chronic.accept(db, AGENCY, made.number, now=NOW)
    await chronic.ask(db, AGENCY, made.number, kinds=REPORT, sentence="检查报告上的日期看不清，请重拍", now=NOW)

    stranger = await registry.add("生人")
    with pytest.raises(MaterialNotFound):
        await office.supply(elder, made.number, [await office.picture(stranger)])
    with pytest.raises(Invalid, match="还没有检查报告的照片"):
        await office.supply(elder, made.number, [await office.picture(elder, MaterialKind.INVOICE)])
    with pytest.raises(Invalid, match="还没有检查报告的照片"):
        await office.supply(elder, made.number, [])
    again = await office.picture(elder)
    for _ in range(2):
        supplied = await office.supply(elder, made.number, [again])
        assert (supplied.state, supplied.asked_kinds) == (ApplicationState.IN_REVIEW, ())

    case = await chronic.show(db, office.vault, outspoken, AGENCY, made.number, reason="审核", now=NOW)
    assert {each.number for each in case.papers} == {*first, again}
    assert [each.what.zh for each in case.events] == ["提交申请", "经办受理", "请您补材料", "补了材料"]
    for number in (*first, again):
        content, media_type = await chronic.photo(
            db, office.vault, office.files, AGENCY, made.number, number, page=1, now=NOW
        )
        assert content
        assert media_type.startswith("image/")


async def test_what_waits_for_its_applicant_stands_last(
    office: Office, elder: Resident, outspoken: Pack, db: Connection
) -> None:
    await office.recognise(elder)
    (known,) = await chronic.certifications_of(db, elder.person_id)
    changing = {"purpose": chronic.Purpose.CHANGE_INSTITUTIONS, "certification": str(known.certification_serial)}
    asked = await replace(office, pack=outspoken).apply(elder, start=changing)  # with a last day for the agency
    other = await office.apply(elder, disease={"diseases": DIABETES})  # with none
    numbers = [each.application.number for each in await chronic.queue(db, AGENCY, now=NOW)]
    assert numbers == [asked.number, other.number]
    await chronic.accept(db, AGENCY, asked.number, now=NOW)
    await chronic.ask(db, AGENCY, asked.number, kinds=REPORT, sentence="请补拍检查报告", now=NOW)
    numbers = [each.application.number for each in await chronic.queue(db, AGENCY, now=NOW)]
    assert numbers == [other.number, asked.number]


async def test_numbers_that_look_alike_when_masked_are_told_apart(
    office: Office, elder: Resident, db: Connection, vault: Vault
) -> None:
    made = await office.apply(elder, contact={"contact": "王秀兰", "tel": "13899990001"})  # on record: 13800000001
    case = await chronic.show(db, vault, office.pack, AGENCY, made.number, reason="审核", now=NOW)
    (phone,) = [each for each in case.fields if each.label == "手机号"]
    assert (phone.told, phone.is_same) == (phone.record, False)


async def test_while_materials_are_due_it_is_the_citizens_turn(office: Office, elder: Resident, db: Connection) -> None:
    made = await office.apply(elder)
    await chronic.accept(db, AGENCY, made.number, now=NOW)
    asked = await chronic.ask(db, AGENCY, made.number, kinds=REPORT, sentence="检查报告上的日期看不清，请重拍", now=NOW)
    assert (asked.state, asked.asked_kinds) == (ApplicationState.MATERIALS_DUE, (MaterialKind.EXAM_REPORT,))
    for verb in _verbs(office, made.number):
        with pytest.raises(WaitsForMaterials):
            await verb
    told = (await notices.inbox(db, elder.person_id))[0]
    assert "检查报告上的日期看不清" in told.body


async def test_what_is_decided_or_withdrawn_stays_so(office: Office, elder: Resident, db: Connection) -> None:
    decided = await office.recognise(elder)
    for verb in _verbs(office, decided.number):
        with pytest.raises(AlreadyDecided, match="李经办"):
            await verb
    gone = await office.apply(elder, disease={"diseases": DIABETES})
    await chronic.withdraw(db, viewer_id=elder.person_id, number=gone.number, reason="", channel="x", now=NOW)
    for verb in _verbs(office, gone.number):
        with pytest.raises(ApplicationWithdrawn):
            await verb


async def test_a_refusal_needs_a_sentence_and_tells_it(office: Office, elder: Resident, db: Connection) -> None:
    made = await office.apply(elder)
    await chronic.accept(db, AGENCY, made.number, now=NOW)
    with pytest.raises(NothingSaid, match="为什么"):
        await chronic.refuse(db, AGENCY, made.number, reason=RefusalReason.BELOW_STANDARD, sentence=" ", now=NOW)
    refused = await chronic.refuse(
        db, AGENCY, made.number, reason=RefusalReason.BELOW_STANDARD, sentence="血压记录不到三次", now=NOW
    )
    assert (refused.state, refused.reason) == (ApplicationState.REFUSED, "血压记录不到三次。")
    assert "血压记录不到三次" in (await notices.inbox(db, elder.person_id))[0].body
    assert (await office.apply(elder)).state is ApplicationState.IN_REVIEW  # may be tried again


@pytest.mark.parametrize(
    ("decision", "wrong"),
    [
        (Decision(codes=(DIABETES,)), DecisionRefused),
        (Decision(codes=()), DecisionRefused),
        (Decision(codes=("M99999",)), Refusal),
        (Decision(codes=(HYPERTENSION, HYPERTENSION)), DecisionRefused),
        (Decision(institutions=(UNCONNECTED,)), Invalid),
        (Decision(valid_to=day("2026-11-21")), DecisionRefused),
    ],
)
async def test_a_decision_that_cannot_be_changes_nothing(
    office: Office, elder: Resident, db: Connection, decision: Decision, wrong: type[Refusal]
) -> None:
    made = await office.apply(elder)
    await chronic.accept(db, AGENCY, made.number, now=NOW)
    with pytest.raises(wrong):
        await chronic.approve(db, office.pack, AGENCY, made.number, decision, now=NOW)
    assert await chronic.certifications_of(db, elder.person_id) == []
    assert (await chronic.application_seen_by(db, elder.person_id, made.number)).state is ApplicationState.IN_REVIEW


async def test_an_operator_may_name_the_narrower_code(office: Office, elder: Resident, db: Connection) -> None:
    made = await office.apply(elder, disease={"diseases": "M00200"})
    await chronic.accept(db, AGENCY, made.number, now=NOW)
    (certified,) = await chronic.approve(
        db, office.pack, AGENCY, made.number, Decision(codes=("M00201",), institutions=(OTHER_HOSPITAL,) * 2), now=NOW
    )
    assert (certified.wanted.code, certified.wanted.disease.value) == ("M00201", "viral_hepatitis")
    assert certified.institutions_on(TODAY) == (OTHER_HOSPITAL,)


# -- what the law gives -----------------------------------------------------------------------------------------------


async def test_the_laws_months_and_days_are_used(
    office: Office, elder: Resident, outspoken: Pack, db: Connection
) -> None:

    await office.recognise(elder)
    (known,) = await chronic.certifications_of(db, elder.person_id)
    told = replace(office, pack=outspoken)
    changing = {"purpose": chronic.Purpose.CHANGE_INSTITUTIONS, "certification": str(known.certification_serial)}
    made = await told.apply(elder, start=changing)
    assert made.due_on == day("2026-12-04")  # ten working days after Sunday 22 November
    (row,) = await chronic.queue(db, AGENCY, now=NOW)
    assert row.days_left == 12
    other = await office.apply(elder, disease={"diseases": DIABETES})
    await chronic.accept(db, AGENCY, other.number, now=NOW)
    (certified,) = await chronic.approve(db, outspoken, AGENCY, other.number, AS_APPLIED, now=NOW)
    assert (certified.valid_to, certified.valid_to_basis.zh) == (day("2028-11-21"), "参保地的规定")


# -- at the same time -------------------------------------------------------------------------------------------------


async def test_two_operators_at_once_and_one_has_it(office: Office, elder: Resident, database_url: str) -> None:
    made = await office.apply(elder)

    async def take(operator: Operator) -> Application:
        async with connected(database_url) as db:
            return await chronic.accept(db, operator, made.number, now=NOW)

    outcomes = await asyncio.gather(*(take(each) for each in (AGENCY, COLLEAGUE) * 3), return_exceptions=True)
    takers = {each.accepted_by for each in outcomes if isinstance(each, Application)}
    assert len(takers) == 1
    assert sum(isinstance(each, NotAccepted) for each in outcomes) == 3


async def test_decided_twice_at_once_is_decided_once(
    office: Office, elder: Resident, db: Connection, database_url: str
) -> None:
    made = await office.apply(elder)
    await chronic.accept(db, AGENCY, made.number, now=NOW)

    async def decide(approve: bool) -> Any:
        async with connected(database_url) as connection:
            if approve:
                return await chronic.approve(connection, office.pack, AGENCY, made.number, AS_APPLIED, now=NOW)
            return await chronic.refuse(
                connection, AGENCY, made.number, reason=RefusalReason.BELOW_STANDARD, sentence="没有达到", now=NOW
            )

    outcomes = await asyncio.gather(*(decide(bool(n % 2)) for n in range(6)), return_exceptions=True)
    assert sum(isinstance(each, AlreadyDecided) for each in outcomes) == 5
    certified = await chronic.certifications_of(db, elder.person_id)
    state = (await chronic.application_seen_by(db, elder.person_id, made.number)).state
    assert (len(certified), state) in [(1, ApplicationState.RECOGNISED), (0, ApplicationState.REFUSED)]
    events = await chronic.timeline(db, await chronic.application_seen_by(db, elder.person_id, made.number))
    assert [event.event_no for event in events] == [1, 2, 3]


async def test_withdrawn_and_approved_at_once_is_one_of_both(
    office: Office, elder: Resident, db: Connection, database_url: str
) -> None:
    made = await office.apply(elder)
    await chronic.accept(db, AGENCY, made.number, now=NOW)

    async def withdraw() -> Any:
        async with connected(database_url) as connection:
            return await chronic.withdraw(
                connection, viewer_id=elder.person_id, number=made.number, reason="", channel="x", now=NOW
            )

    async def approve() -> Any:
        async with connected(database_url) as connection:
            return await chronic.approve(connection, office.pack, AGENCY, made.number, AS_APPLIED, now=NOW)

    outcomes = await asyncio.gather(withdraw(), approve(), return_exceptions=True)
    assert sum(isinstance(each, Refusal) for each in outcomes) == 1
    certified: list[Certification] = await chronic.certifications_of(db, elder.person_id)
    state = (await chronic.application_seen_by(db, elder.person_id, made.number)).state
    assert (len(certified), state) in [(1, ApplicationState.RECOGNISED), (0, ApplicationState.WITHDRAWN)]


# -- the database by itself -------------------------------------------------------------------------------------------


async def test_one_certification_of_a_disease_at_a_time(
    office: Office, elder: Resident, db: Connection, owner_db: Connection
) -> None:
    await office.recognise(elder, Decision(valid_from=day("2027-01-01")))
    made = await office.apply(elder, disease={"diseases": DIABETES})
    await owner_db.execute(
        """update chronic.application_disease set disease = 'hypertension', disease_code = 'M03900'
           where application_serial = $1""",
        made.application_serial,
    )
    await chronic.accept(db, AGENCY, made.number, now=NOW)
    with pytest.raises(AlreadyApplied, match="已经有认定"):
        await chronic.approve(db, office.pack, AGENCY, made.number, AS_APPLIED, now=NOW)
    earlier = Decision(valid_to=day("2026-12-31"))
    assert await chronic.approve(db, office.pack, AGENCY, made.number, earlier, now=NOW)


@pytest.mark.parametrize(
    ("from_state", "to_state"),
    [("recognised", "in_review"), ("refused", "recognised"), ("withdrawn", "in_review"), ("recognised", "refused")],
)
async def test_no_statement_reopens_what_is_decided(
    office: Office, elder: Resident, owner_db: Connection, from_state: str, to_state: str
) -> None:
    await office.apply(elder)
    reason = ("x", "y") if from_state == "refused" else ("", "")
    await owner_db.execute(
        """update chronic.application set state = $1, accepted_by = '甲', accepted_at = now(), decided_at = now(),
             reason_code = $2, reason = $3""",
        from_state,
        *reason,
    )
    with pytest.raises(asyncpg.CheckViolationError, match="cannot go from"):
        await owner_db.execute("update chronic.application set state = $1, decided_at = null", to_state)


async def test_a_certification_ends_early_with_a_reason(office: Office, elder: Resident, db: Connection) -> None:
    made = await office.recognise(elder)
    (known,) = await chronic.certifications_of(db, elder.person_id)
    ended = await chronic.end_certification(
        db, AGENCY, made.number, known.certification_serial, last_day=TODAY, reason="转到外地参保", now=NOW
    )
    assert (ended.valid_to, ended.end_reason) == (TODAY, "转到外地参保。")
    assert ended.institutions_on(TODAY) == (HOSPITAL,)
    assert ended.institutions_on(day("2026-11-23")) == ()
    assert await chronic.certifications_of(db, elder.person_id, day("2026-11-23")) == []
    told = (await notices.inbox(db, elder.person_id))[0]
    assert (told.title, "2026年11月22日是最后一天" in told.body, "转到外地参保" in told.body) == (
        "慢特病认定提前结束",
        True,
        True,
    )
    assert "高血压" not in told.body
    assert [event.what.zh for event in await chronic.timeline(db, made)][-1] == "认定提前结束"
    for last_day in (day("2026-11-21"), day("2026-11-23")):  # before it began, after it ended
        with pytest.raises(DecisionRefused, match="有效期里"):
            await chronic.end_certification(
                db, AGENCY, made.number, known.certification_serial, last_day=last_day, reason="转到外地参保", now=NOW
            )


async def test_what_was_signed_or_certified_is_never_rewritten(office: Office, elder: Resident, db: Connection) -> None:
    """The web role has no right to, whatever a program may ask for."""
    await office.recognise(elder)
    for statement in (
        "update chronic.application set answers = '{}'",
        "update chronic.application set insured_pool = '140200'",
        "update chronic.application_disease set disease_code = 'M01600'",
        "update chronic.certification set valid_from = '2020-01-01'",
        "update chronic.event set note = ''",
        "delete from chronic.certification",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute(statement)


# -- renewals and changes, decided ------------------------------------------------------------------------------------


async def _renewing(office: Office, elder: Resident, purpose: chronic.Purpose = chronic.Purpose.RENEW) -> Application:
    """Recognised to the end of the year, an application on top of it, and taken."""
    await office.recognise(elder, Decision(valid_to=day("2026-12-31")))
    (known,) = await chronic.certifications_of(office.db, elder.person_id)
    start = {"purpose": purpose, "certification": str(known.certification_serial)}
    made = await office.apply(elder, start=start)
    return await chronic.accept(office.db, AGENCY, made.number, now=NOW)


async def test_a_renewal_that_would_end_before_it_begins_is_refused(
    office: Office, elder: Resident, db: Connection
) -> None:
    made = await _renewing(office, elder)
    for valid_to in ("2026-12-15", "2026-12-31"):
        with pytest.raises(DecisionRefused, match="早于开始日 2027年1月1日"):
            await chronic.approve(db, office.pack, AGENCY, made.number, Decision(valid_to=day(valid_to)), now=NOW)
    (renewed,) = await chronic.approve(
        db, office.pack, AGENCY, made.number, Decision(valid_to=day("2027-01-01")), now=NOW
    )
    assert (renewed.valid_from, renewed.valid_to) == (day("2027-01-01"), day("2027-01-01"))


async def test_what_has_been_renewed_is_not_renewed_again(office: Office, elder: Resident, db: Connection) -> None:
    made = await _renewing(office, elder)
    until = Decision(valid_to=day("2027-12-31"))
    (renewed,) = await chronic.approve(db, office.pack, AGENCY, made.number, until, now=NOW)
    assert made.certification_serial is not None
    for serial, problem in ((made.certification_serial, "更新的认定"), (renewed.certification_serial, "")):
        start = {"purpose": chronic.Purpose.RENEW, "certification": str(serial)}
        problems = (await office.read(await office.draft(elder, start=start))).problems_of("enrollment")
        assert [problem in each.sentence for each in problems] == ([True] if problem else [])


@pytest.mark.parametrize("decision", [Decision(codes=(HYPERTENSION,)), Decision(valid_to=day("2028-12-31"))])
async def test_a_change_of_institutions_changes_nothing_else(
    office: Office, elder: Resident, db: Connection, decision: Decision
) -> None:
    made = await _renewing(office, elder, chronic.Purpose.CHANGE_INSTITUTIONS)
    with pytest.raises(DecisionRefused, match="不改病种和到期日"):
        await chronic.approve(db, office.pack, AGENCY, made.number, decision, now=NOW)
    (known,) = await chronic.certifications_of(db, elder.person_id)
    assert known.valid_to == day("2026-12-31")
