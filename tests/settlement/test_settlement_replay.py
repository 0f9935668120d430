"""Everything settled is computed again; whatever is not as stored is told by number and field."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from settlement_kit import (
    BEIJING,
    BEIJING_HOSPITAL,
    CLASS_B,
    NOW,
    TAIYUAN_PHARMACY,
    Hospital,
    Insured,
    Town,
    line,
)

from tongban.infra.db import Connection
from tongban.kernel.vocabulary import CareKind
from tongban.law import Pack
from tongban.settlement import Finding, FindingKind, Replayed, Settled, Wanted, replay

UNDER_ANOTHER_NAME = "0123456789abcdef"


@dataclass
class Auditor:
    db: Connection
    findings: list[Finding] = field(default_factory=list)
    progress: list[tuple[int, int]] = field(default_factory=list)

    async def replay(self, other_law: Pack | None = None, batch: int = 200, **wanted: Any) -> Replayed:
        self.findings.clear()
        self.progress.clear()
        return await replay(
            self.db,
            Wanted(**wanted),
            on_finding=self.findings.append,
            on_progress=lambda done, total: self.progress.append((done, total)),
            other_law=other_law,
            batch=batch,
        )


@pytest.fixture
def auditor(db: Connection) -> Auditor:
    return Auditor(db)


async def bought(hospital: Hospital, person: Insured) -> Settled:
    pharmacy = hospital.at(TAIYUAN_PHARMACY)
    encounter = await pharmacy.visit(person, CareKind.PHARMACY)
    await pharmacy.upload(encounter, line(5_000, batch="B1"))
    return await pharmacy.settle(pharmacy.bill(encounter, 5_000, batch="B1"))


async def a_years_bills(hospital: Hospital, town: Town) -> list[Settled]:
    """One of each kind there is: stays at home and away, a visit, a purchase, arrears, critical illness, one taken
    back."""
    person, other = await town.person(), await town.person("resident", "adult", balance_fen=None)
    await town.filing(person, "long_term_resident", BEIJING)
    beijing = hospital.at(BEIJING_HOSPITAL)
    bills = [
        await hospital.settle(await hospital.stay(person, 2_000_000, item=CLASS_B)),
        await beijing.settle(await beijing.stay(person, 3_000_000)),
        *[await hospital.settle(await hospital.stay(other, 9_000_000)) for _ in range(2)],
        await bought(hospital, person),
    ]
    visit = await hospital.visit(person)
    await hospital.upload(visit, line(30_000, batch="B1"))
    bills.append(await hospital.settle(hospital.bill(visit, 30_000, batch="B1")))
    owing = await town.person(payment_state="arrears")
    bills.append(await hospital.settle(await hospital.stay(owing, 10_000)))
    await hospital.cancel(bills[0])
    return bills


async def test_all_that_was_settled_comes_out_to_the_fen(hospital: Hospital, town: Town, auditor: Auditor) -> None:
    bills = await a_years_bills(hospital, town)

    done = await auditor.replay(batch=2)

    assert auditor.findings == []
    assert done.is_sound
    (tally,) = done.versions
    assert (tally.version, tally.is_known) == (hospital.pack.version, True)
    assert (tally.settlements, tally.cancelled, tally.differing) == (len(bills), 1, 0)
    assert tally.fund_fen == tally.fund_anew_fen == sum(bill.fund_payment_fen for bill in bills)
    assert any(bill.critical_illness_fen for bill in bills)
    assert auditor.progress == [(0, 7), (2, 7), (4, 7), (6, 7), (7, 7)]


async def test_nothing_settled_is_nothing_found(auditor: Auditor) -> None:
    done = await auditor.replay()

    assert (done.settlements, done.is_sound, done.versions) == (0, True, ())


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (
            "pooled_fund_fen = pooled_fund_fen - 1, cash_fen = cash_fen + 1",
            [("pooled_fund_fen", 1_574_399, 1_574_400), ("account_fen + mutual_aid_fen + cash_fen", 425_601, 425_600)],
        ),
        ("deductible_fen = 0", [("deductible_fen", 0, 80_000)]),
        ("rate_bp = 8300", [("rate_bp", 8300, 8200)]),
        ("confidence = 'official'", [("confidence", "official", "illustrative")]),
        ("category = 'retired'", [("category", "retired", "active")]),
        ("settled_on = '2026-11-21'", [("settled_on", "2026-11-21", "2026-11-22")]),
        (
            "year_delta = jsonb_set(year_delta, '{inpatient_stays}', '2')",
            [("year_delta.inpatient_stays", 2, 1)],
        ),
        (
            "assessment = jsonb_set(assessment, '{breakdown,computed_fen}', '1574401')",
            [("breakdown.computed_fen", 1_574_401, 1_574_400)],
        ),
        (
            "assessment = jsonb_set(assessment, '{confidence}', '\"official\"')",
            [("record.confidence", "official", "illustrative")],
        ),
        (
            f"assessment = jsonb_set(assessment, '{{version}}', '\"{UNDER_ANOTHER_NAME}\"')",
            [("policy_version", None, UNDER_ANOTHER_NAME)],
        ),
        # What was asked is changed: everything that follows from it differs from what was answered.
        (
            "assessment = jsonb_set(assessment, '{case,stays_before}', '1')",
            [
                ("breakdown.stay_number", 1, 2),
                ("breakdown.deductible_fen", 80_000, 40_000),
                ("deductible_fen", 80_000, 40_000),
            ],
        ),
    ],
)
async def test_whatever_was_touched_is_found_by_number_and_field(
    hospital: Hospital,
    town: Town,
    auditor: Auditor,
    owner_db: Connection,
    change: str,
    found: list[tuple[str, object, object]],
) -> None:
    person = await town.person()
    settled = await hospital.settle(await hospital.stay(person, 2_000_000))
    await hospital.settle(await hospital.stay(await town.person(), 2_000_000))
    await owner_db.execute(
        f"update settlement.settlement set {change} where person_id = $1",
        person.person_id,
    )

    done = await auditor.replay()

    assert not done.is_sound
    assert done.differing == 1
    assert {(finding.kind, finding.number) for finding in auditor.findings} == {
        (FindingKind.DIFFERENCE, settled.number)
    }
    told = [(finding.field, finding.stored, finding.recomputed) for finding in auditor.findings]
    for name, stored, recomputed in found:
        assert (name, hospital.pack.version if stored is None else stored, recomputed) in told
    if len(found) < 3:
        assert len(told) == len(found)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("assessment = assessment #- '{breakdown,room_fen}'", "room_fen"),
        ("assessment = jsonb_set(assessment, '{breakdown,more_fen}', '1')", "more_fen"),
        ("assessment = jsonb_set(assessment, '{rule}', '\"dental\"')", "dental"),
        ("assessment = jsonb_set(assessment, '{case,path}', '\"by_boat\"')", "by_boat"),
        ("assessment = jsonb_set(assessment, '{case,stays_before}', '-1')", "stays_before"),
        ("assessment = jsonb_set(assessment, '{case,in_scope_fen}', '1.5')", "in_scope_fen"),
        ("year_delta = '{\"dental\": 1}'", "dental"),
    ],
)
async def test_a_record_that_cannot_be_read_is_told_and_the_others_go_on(
    hospital: Hospital, town: Town, auditor: Auditor, owner_db: Connection, change: str, reason: str
) -> None:
    person = await town.person()
    settled = await hospital.settle(await hospital.stay(person, 2_000_000))
    await hospital.settle(await hospital.stay(await town.person(), 2_000_000))
    await owner_db.execute(
        f"update settlement.settlement set {change} where person_id = $1",
        person.person_id,
    )

    done = await auditor.replay()

    (finding,) = auditor.findings
    assert (finding.kind, finding.number) == (FindingKind.UNREADABLE, settled.number)
    assert reason in finding.reason
    assert (done.settlements, done.differing, done.is_sound) == (2, 1, False)


async def test_a_version_that_is_not_kept_or_cannot_be_read_is_told_once(
    hospital: Hospital, town: Town, auditor: Auditor, owner_db: Connection
) -> None:
    unreadable = hashlib.sha256(b"no law").hexdigest()[:16]
    await owner_db.execute("insert into settlement.policy_version values ($1, 'no law', now())", unreadable)
    for version in (UNDER_ANOTHER_NAME, unreadable, None):
        for _ in range(2):
            person = await town.person()
            await hospital.settle(await hospital.stay(person, 2_000_000))
            await owner_db.execute(
                """update settlement.settlement set policy_version = coalesce($2, policy_version)
                   where person_id = $1""",
                person.person_id,
                version,
            )

    done = await auditor.replay()

    assert {finding.version for finding in auditor.findings} == {UNDER_ANOTHER_NAME, unreadable}
    assert {finding.kind for finding in auditor.findings} == {FindingKind.UNKNOWN_VERSION}
    assert all("2 笔" in finding.reason for finding in auditor.findings)
    assert {tally.version: (tally.is_known, tally.settlements, tally.differing) for tally in done.versions} == {
        UNDER_ANOTHER_NAME: (False, 2, 2),
        unreadable: (False, 2, 2),
        hospital.pack.version: (True, 2, 0),
    }
    assert not done.is_sound


async def test_each_is_computed_by_its_own_law(
    hospital: Hospital, town: Town, auditor: Auditor, stricter: Pack
) -> None:
    await hospital.settle(await hospital.stay(await town.person(), 2_000_000))
    tomorrow = replace(hospital, pack=stricter, now=NOW + timedelta(hours=1))
    await tomorrow.settle(await tomorrow.stay(await town.person(), 2_000_000))

    done = await auditor.replay()

    assert auditor.findings == []
    assert [(tally.version, tally.settlements) for tally in done.versions] == [
        (hospital.pack.version, 1),
        (stricter.version, 1),
    ]


async def test_other_law_tells_what_would_differ_and_is_no_fault(
    hospital: Hospital, town: Town, auditor: Auditor, stricter: Pack
) -> None:
    settled = await hospital.settle(await hospital.stay(await town.person(), 2_000_000))
    await hospital.settle(await hospital.stay(await town.person("resident", "adult", balance_fen=None), 2_000_000))

    done = await auditor.replay(other_law=stricter)

    assert [(f.number, f.field, f.stored, f.recomputed) for f in auditor.findings] == [
        (settled.number, "deductible_fen", 80_000, 100_000),
        (settled.number, "pooled_fund_fen", 1_574_400, 1_558_000),
        (settled.number, "person_share_fen", 425_600, 442_000),
    ]
    assert (done.is_sound, done.settlements, done.differing) == (True, 2, 1)
    assert sum(tally.fund_anew_fen - tally.fund_fen for tally in done.versions) == -16_400


async def test_other_law_without_an_answer_says_so(
    hospital: Hospital, town: Town, auditor: Auditor, silent: Pack
) -> None:
    settled = await hospital.settle(await hospital.stay(await town.person(), 2_000_000))

    done = await auditor.replay(other_law=silent)

    (finding,) = auditor.findings
    assert (finding.kind, finding.number) == (FindingKind.UNDETERMINED, settled.number)
    assert "起付线" in finding.reason
    assert (done.is_sound, done.versions[0].fund_fen, done.versions[0].fund_anew_fen) == (True, 0, 0)


async def test_only_those_asked_for_are_looked_at(
    hospital: Hospital, town: Town, auditor: Auditor, stricter: Pack
) -> None:
    person = await town.person()
    await hospital.settle(await hospital.stay(person, 2_000_000))
    early = await hospital.stay(await town.person(), 2_000_000)
    await hospital.settle(replace(early, settled_on=early.settled_on.replace(day=15)))
    tomorrow = replace(hospital, pack=stricter)
    await tomorrow.settle(await tomorrow.stay(await town.person(), 2_000_000))
    today = NOW.date()

    async def count(**wanted: Any) -> int:
        done = await auditor.replay(**wanted)
        assert auditor.progress[-1] == (done.settlements, done.settlements)
        return done.settlements

    assert await count() == 3
    assert await count(person_id=person.person_id) == 1
    assert await count(since=today) == 2
    assert await count(until=today.replace(day=21)) == 1
    assert await count(since=today.replace(day=15), until=today.replace(day=15)) == 1
    assert await count(version=stricter.version) == 1
    assert await count(version=UNDER_ANOTHER_NAME) == 0
    assert await count(limit=2) == 2
