"""How each errand stands, from the law and from what the records say: nothing of it is kept by the journey."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tongban.directory import FilingLevel, Region, Regions
from tongban.drafts import Draft
from tongban.filing import Filing, FilingStatus, FilingWay, Step
from tongban.journeys import Journey, PartKind, PartState, Progress, life_event, life_events
from tongban.journeys.rules import Errand, Records, advice_of, known_for, progress
from tongban.kernel.vocabulary import (
    CareKind,
    FilingKind,
    InsuranceType,
    PersonnelCategory,
    Relation,
    Situation,
)
from tongban.law import Pack
from tongban.materials import MaterialKind
from tongban.people import Enrollment, PaymentState

TODAY = date(2026, 11, 22)
TAIYUAN, DATONG, BEIJING = "140100", "140200", "110000"
MOTHER, DAUGHTER = 100000000000001, 100000000000002
REGIONS = Regions(
    [
        Region(TAIYUAN, "太原市", "山西省太原市", "140000", "山西省", FilingLevel.CITY, True, "taiyuan", "ty"),
        Region(DATONG, "大同市", "山西省大同市", "140000", "山西省", FilingLevel.CITY, True, "datong", "dt"),
        Region(BEIJING, "北京市", "北京市", "110000", "北京市", FilingLevel.PROVINCE, True, "beijing", "bj"),
    ],
    {},
)


def enrollment(insurance: str = "resident", category: str = "adult") -> Enrollment:
    return Enrollment(
        MOTHER,
        1,
        InsuranceType(insurance),
        PersonnelCategory(category),
        TAIYUAN,
        date(2017, 1, 1),
        None,
        PaymentState.PAID,
        "",
    )


def journey(event: str = "operation", why: str = "referral", place: str = BEIJING, **more: Any) -> Journey:
    happening = life_event(event)
    assert happening is not None
    known: dict[str, Any] = {
        "person_id": MOTHER,
        "journey_serial": 1,
        "event": event,
        "care": happening.care,
        "situation": Situation(why),
        "enrollment_no": 1,
        "treatment_pool": place,
        "starts_on": TODAY + timedelta(days=8),
        "opened_by": MOTHER,
        "relation": None,
        "opened_at": datetime(2026, 11, 22, 2, 0, tzinfo=UTC),
        "closed_at": None,
    }
    return Journey(**(known | more))


def records(**more: Any) -> Records:
    return Records(**({"today": TODAY, "is_own": True, "enrollment": enrollment()} | more))


def filed(kind: str = "long_term_resident", place: str = BEIJING, **more: Any) -> Filing:
    known: dict[str, Any] = {
        "person_id": MOTHER,
        "filing_serial": 3,
        "kind": FilingKind(kind),
        "scopes": frozenset({CareKind.INPATIENT}),
        "treatment_pool": place,
        "insured_pool": TAIYUAN,
        "insurance_type": InsuranceType.RESIDENT,
        "category": PersonnelCategory.ADULT,
        "valid_from": TODAY,
        "valid_to": None,
        "stays_max": None,
        "status": FilingStatus.ACTIVE,
        "channel": "portal",
        "way": FilingWay.SELF,
        "filed_by": MOTHER,
        "relation": "",
        "contact_name": "",
        "policy_version": "",
        "filed_at": datetime(2026, 11, 22, tzinfo=UTC),
        "closed_at": None,
        "close_reason": "",
        "settlements_here": 0,
    }
    return Filing(**(known | more))


def draft(flow: str) -> Draft:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    return Draft(MOTHER, uuid4(), flow, MOTHER, {}, {}, uuid4(), "", 1, now, now, TODAY)


def stands(pack: Pack, on: Journey, seen: Records) -> Progress:
    happening = life_event(on.event)
    assert happening is not None
    return progress(pack, REGIONS, happening, on, seen)


def states(found: Progress) -> dict[PartKind, PartState]:
    return {part.kind: part.state for part in found.parts}


def test_every_event_says_what_the_pages_need() -> None:
    events = life_events()
    assert len({event.key for event in events}) == len(events) >= 5
    for event in events:
        assert event.why
        assert PartKind.FILING in event.parts
        assert event.title
        assert event.line
        assert event.begins.endswith("？")
    assert life_event("no such thing") is None


@pytest.mark.parametrize(
    ("why", "place", "insurance", "state"),
    [
        ("long_term", BEIJING, "resident", PartState.TO_DO),
        ("referral", BEIJING, "resident", PartState.BY_HOSPITAL),
        ("own_choice", BEIJING, "resident", PartState.NOT_NEEDED),
        ("own_choice", DATONG, "resident", PartState.NOT_NEEDED),
        ("long_term", DATONG, "employee", PartState.TO_DO),
    ],
)
def test_the_law_decides_whether_a_filing_is_needed(
    pack: Pack, why: str, place: str, insurance: str, state: PartState
) -> None:
    seen = records(enrollment=enrollment(insurance, "adult" if insurance == "resident" else "retired"))
    part = stands(pack, journey("operation", why, place), seen).parts[0]
    assert (part.kind, part.state) == (PartKind.FILING, state)
    assert part.why.endswith("。")
    assert part.by == (TODAY + timedelta(days=8) if state is not PartState.NOT_NEEDED else None)


def test_an_emergency_is_filed_by_nobody_and_marked_by_the_hospital(pack: Pack) -> None:
    part = stands(pack, journey("emergency", "emergency"), records()).parts[0]
    assert part.state is PartState.NOT_NEEDED
    assert not part.may_still


def test_a_filing_that_serves_is_the_errand_done_and_no_other_is(pack: Pack) -> None:
    on = journey("retire", "long_term")
    done = stands(pack, on, records(filings=(filed(),))).parts[0]
    assert (done.state, done.number) == (PartState.DONE, filed().number)
    for other in (
        filed(place=DATONG),
        filed(scopes=frozenset({CareKind.OUTPATIENT})),
        filed(status=FilingStatus.CLOSED),
        filed(valid_to=TODAY - timedelta(days=1), valid_from=TODAY - timedelta(days=9)),
    ):
        assert stands(pack, on, records(filings=(other,))).parts[0].state is PartState.TO_DO


def test_a_filing_that_begins_on_the_day_serves_already(pack: Pack) -> None:
    later = filed(valid_from=TODAY + timedelta(days=8))
    assert stands(pack, journey("retire", "long_term"), records(filings=(later,))).parts[0].state is PartState.DONE


def test_what_lies_half_done_is_taken_up_again(pack: Pack) -> None:
    begun = draft("filing")
    found = stands(pack, journey("retire", "long_term"), records(drafts={PartKind.FILING: begun}))
    assert found.next_part is not None
    assert (found.next_part.state, found.next_part.draft) == (PartState.BEGUN, str(begun.draft_id))


def test_without_insurance_somebody_has_to_be_asked(pack: Pack) -> None:
    found = stands(pack, journey(), records(enrollment=None))
    assert found.parts[0].state is PartState.ASK
    assert found.papers == ()


def test_recognition_comes_first_and_keeps_the_journey_from_going_on(pack: Pack) -> None:
    on = journey("chronic", "long_term")
    found = stands(pack, on, records())
    assert found.next_part is not None
    assert found.next_part.kind is PartKind.RECOGNITION
    for state in (PartState.DONE, PartState.UNDER_WAY):
        seen = stands(pack, on, records(recognitions=(Errand("C1", state),)))
        assert states(seen)[PartKind.RECOGNITION] is state
        assert seen.next_part is None or seen.next_part.kind is PartKind.FILING


def test_a_claim_is_only_for_what_was_not_settled(pack: Pack) -> None:
    on = journey("operation", "own_choice")
    assert states(stands(pack, on, records()))[PartKind.CLAIM] is PartState.LATER
    under_way = records(claims=(Errand("R1", PartState.UNDER_WAY),))
    assert states(stands(pack, on, under_way))[PartKind.CLAIM] is PartState.UNDER_WAY


def test_papers_are_named_by_kind_and_those_that_lie_here_are_marked(pack: Pack) -> None:
    on = journey("posted", "long_term")
    seen = records(
        enrollment=enrollment("employee", "active"), kept_papers=frozenset({MaterialKind.POSTING_CERTIFICATE})
    )
    found = stands(pack, on, seen)
    assert [kind for kind, _ in found.papers] == [FilingKind.POSTED_WORKER]
    assert found.kept == {paper.code for _, papers in found.papers for paper in papers}
    assert stands(pack, on, records(filings=(filed(),))).papers == ()


def test_what_was_said_once_fills_the_pages_of_the_filing(pack: Pack) -> None:
    on = journey("posted", "long_term")
    own = enrollment("employee", "active")
    known = filled(pack, on, own)
    assert known[Step.PLACE]["area"] == BEIJING
    assert known[Step.WHO]["enrollment"] == "1"
    assert known[Step.KIND] == {"kind": "posted_worker"}
    assert known[Step.CONTACT] == {"start_choice": "today"}


@pytest.mark.parametrize(
    ("event", "why", "contact"),
    [
        ("operation", "own_choice", {"start_choice": "today", "admitted": "2026-11-19"}),
        ("birth", "long_term", {"start_choice": "today", "admitted": "2026-11-19"}),
        ("chronic", "long_term", {"start_choice": "date", "start": "2026-11-19"}),
        ("posted", "long_term", {"start_choice": "today"}),
        ("retire", "long_term", {"start_choice": "today"}),
    ],
)
def test_a_day_gone_by_is_what_the_event_asked_for(pack: Pack, event: str, why: str, contact: dict[str, str]) -> None:
    """Since when somebody lives in a place is not when a hospital took them in."""
    begun = journey(event, why, starts_on=TODAY - timedelta(days=3))
    assert filled(pack, begun, enrollment("employee", "active"))[Step.CONTACT] == contact
    claim = filled(pack, begun, enrollment("employee", "active"), PartKind.CLAIM)["stay"]
    assert claim.get("admitted", "") == contact.get("admitted", "")


def filled(
    pack: Pack, on: Journey, own: Enrollment, kind: PartKind = PartKind.FILING, viewer_id: int = MOTHER
) -> Mapping[str, Mapping[str, str]]:
    event = life_event(on.event)
    assert event is not None
    found = advice_of(pack, REGIONS, on, own, TODAY)
    return known_for(kind, event, on, REGIONS, found, viewer_id=viewer_id, today=TODAY)


def test_for_a_relative_every_errand_says_for_whom(pack: Pack) -> None:
    on = journey("posted", "long_term", opened_by=DAUGHTER, relation=Relation.PARENT)
    own = enrollment("employee", "active")
    told = filled(pack, on, own, viewer_id=DAUGHTER)
    assert told[Step.WHO] == {"for": f"kin:{MOTHER}", "relation": "parent"}
    assert told[Step.PROXY] == {"enrollment": "1"}
    claim = filled(pack, on, own, PartKind.CLAIM, DAUGHTER)
    assert claim["who"]["whom"] == str(MOTHER)
    assert claim["hospital"]["area"] == BEIJING
    assert filled(pack, on, own, PartKind.MUTUAL_AID, DAUGHTER) == {"who": {"receiver": str(MOTHER)}}
    assert filled(pack, on, own)[Step.WHO] == {"for": "self", "enrollment": "1"}


def test_a_claim_begins_with_the_day_that_was_past_when_it_was_said(pack: Pack) -> None:
    """A day that lay ahead was a plan: the bill says on which day it really was."""
    past = journey("operation", "own_choice", DATONG, starts_on=TODAY - timedelta(days=12))
    assert filled(pack, past, enrollment(), PartKind.CLAIM)["stay"] == {"care": "inpatient", "admitted": "2026-11-10"}
    for day in (TODAY, TODAY + timedelta(days=3)):
        plan = journey("operation", "own_choice", DATONG, starts_on=day)
        assert filled(pack, plan, enrollment(), PartKind.CLAIM)["stay"] == {"care": "inpatient"}


def test_where_a_bill_is_claimed_is_the_laws(pack: Pack) -> None:
    near = stands(pack, journey("operation", "own_choice", DATONG), records())
    far = stands(pack, journey("operation", "own_choice", BEIJING), records())
    assert "在网上拍照报" in near.parts[-1].why
    assert "窗口报" in far.parts[-1].why


def test_a_helper_is_told_of_no_bill_and_no_recognition(pack: Pack) -> None:
    on = journey("chronic", "long_term", opened_by=DAUGHTER, relation=Relation.PARENT)
    found = stands(pack, on, records(is_own=False, can_give=True))
    assert states(found)[PartKind.RECOGNITION] is PartState.LATER
    said = {part.kind: part.why for part in found.parts}
    assert "本人登录" in said[PartKind.SETTLEMENT]
    assert "您账户里的钱" in said[PartKind.MUTUAL_AID]


def test_progress_counts_what_needs_nothing_more(pack: Pack) -> None:
    found = stands(pack, journey("retire", "long_term"), records(filings=(filed(),)))
    assert found.settled_count == 1
    assert found.next_part is None
