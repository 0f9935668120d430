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
    Resident,
    day,
)

from tongban import chronic, notices
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
from tongban.materials import MaterialKind

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
    for attempt in (
        chronic.show(db, vault, office.pack, DATONG_AGENCY, made.number, reason="", now=NOW),
        chronic.accept(db, DATONG_AGENCY, made.number, now=NOW),
        chronic.approve(db, office.pack, DATONG_AGENCY, made.number, AS_APPLIED, now=NOW),
    ):
        with pytest.raises(CaseNotFound):
            await attempt


# -- whose turn it is -------------------------------------------------------------------------------------------------


def _verbs(office: Office, number: str) -> list[Awaitable[Any]]:
    db = office.db
    return [
        chronic.ask(db, AGENCY, number, kinds=REPORT, sentence="请补拍检查报告", now=NOW),
        chronic.approve(db, office.pack, AGENCY, number, AS_APPLIED, now=NOW),
        chronic.refuse(db, AGENCY, number, reason=RefusalReason.BELOW_STANDARD, sentence="没有达到标准", now=NOW),
    ]


async def test_nothing_is_decided_before_it_is_taken(office: Office, elder: Resident) -> None:
    made = await office.apply(elder)
    for verb in _verbs(office, made.number):
        with pytest.raises(NotAccepted, match="请先 accept"):
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
        db, office.pack, AGENCY, made.number, Decision(codes=("M00201",), institutions=(OTHER_HOSPITAL,)), now=NOW
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


async def test_one_certification_of_a_disease_at_a_time(office: Office, elder: Resident, db: Connection) -> None:
    await office.recognise(elder, Decision(valid_from=day("2027-01-01")))
    made = await office.apply(elder, disease={"diseases": DIABETES})
    await db.execute(
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
    assert (ended.valid_to, ended.end_reason) == (TODAY, "转到外地参保")
    assert ended.institutions_on(TODAY) == (HOSPITAL,)
    assert ended.institutions_on(day("2026-11-23")) == ()
    assert await chronic.certifications_of(db, elder.person_id, day("2026-11-23")) == []
