"""Where, why, what kind of care → what somebody is told before they travel."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from advice_kit import (
    BEIJING,
    DATONG,
    MINER,
    OTHER_CITY,
    OTHER_PROVINCE,
    REGIONS,
    RESIDENT,
    RETIREE,
    TAIYUAN,
    TANGSHAN,
    TEACHER,
    TODAY,
    question,
)

from tongban import law
from tongban.advice import (
    Advice,
    Destination,
    FiledBy,
    Insured,
    PlaceNotGiven,
    PlaceUnknown,
    advise,
)
from tongban.directory import FilingLevel
from tongban.filing import decide_kind
from tongban.kernel.errors import Refusal
from tongban.kernel.vocabulary import CareKind, FilingKind, InsuranceType, Locality, Situation
from tongban.law import FilingOutcome, Pack

Choose = Callable[[str, str], Pack]

PEOPLE = [RESIDENT, MINER, RETIREE, TEACHER, Insured("140000", InsuranceType.RESIDENT)]
PLACES = [TAIYUAN, DATONG, BEIJING, TANGSHAN]
MATRIX = list(product(PEOPLE, PLACES, Situation, CareKind))


def ask(pack: Pack, *parts: object, **more: object) -> Advice:
    return advise(pack, REGIONS, question(*parts, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize("insured", PEOPLE, ids=lambda who: f"{who.pool_code}-{who.insurance_type}")
def test_every_answer_is_the_laws(pack: Pack, insured: Insured) -> None:
    """Nothing the advice says of filing differs from the decision table, whatever the combination."""
    for place, situation, care in product(PLACES, Situation, CareKind):
        found = ask(pack, insured, Destination(place), situation, care)
        decided = law.decide_filing(
            pack,
            law.FilingQuestion(
                insured.pool_code, insured.insurance_type, found.locality, situation, care, TODAY, place
            ),
        )
        assert found.decision == decided
        at = (insured.pool_code, place, situation, care, decided.outcome)
        if decided.outcome is FilingOutcome.MUST_FILE:
            assert found.filed_by in (FiledBy.SELF, FiledBy.HOSPITAL), at
            assert found.kinds or found.must_ask, at
            assert found.if_not, at
        elif decided.outcome is FilingOutcome.HOSPITAL_FILES:
            assert found.filed_by is FiledBy.HOSPITAL, at
            assert [kind.kind for kind in found.kinds] == [FilingKind.REFERRAL], at
        elif decided.outcome is FilingOutcome.UNDETERMINED:
            assert found.filed_by is FiledBy.UNKNOWN, at
            assert found.must_ask, at
            assert found.ask in decided.sentence, at
            assert not found.kinds, at
        else:
            assert found.filed_by in (FiledBy.NOBODY, FiledBy.HOSPITAL), at
            assert not any(kind.is_required for kind in found.kinds), at
        if decided.conflict:
            assert found.notices[0].conflict == decided.conflict, at
        assert all(notice.text for notice in found.notices), at


def test_what_is_offered_can_be_filed(pack: Pack) -> None:
    """Each kind a person is told to file is taken by the filing itself, for that place and that care."""
    offered = 0
    for insured, place, situation, care in MATRIX:
        found = ask(pack, insured, Destination(place), situation, care)
        if found.filed_by is FiledBy.HOSPITAL:
            continue
        for kind in found.kinds:
            offered += 1
            assert care in kind.terms.scopes
            made = decide_kind(
                pack,
                insured_pool=insured.pool_code,
                insurance_type=insured.insurance_type,
                category=insured.category,  # type: ignore[arg-type]
                treatment_pool=place,
                where=found.locality,
                kind=kind.kind,
                today=TODAY,
            )
            assert made.terms == kind.terms
    assert offered > 20


def test_a_referral_is_never_left_to_the_person(pack: Pack) -> None:
    for insured, place, care in product(PEOPLE, PLACES, CareKind):
        found = ask(pack, insured, Destination(place), Situation.REFERRAL, care)
        if not found.kinds:
            continue
        assert found.filed_by is FiledBy.HOSPITAL
        with pytest.raises(Refusal):
            decide_kind(
                pack,
                insured_pool=insured.pool_code,
                insurance_type=insured.insurance_type,
                category=insured.category,  # type: ignore[arg-type]
                treatment_pool=place,
                where=found.locality,
                kind=FilingKind.REFERRAL,
                today=TODAY,
            )


def test_nothing_to_do_at_home(pack: Pack) -> None:
    for situation, care in product(Situation, CareKind):
        found = ask(pack, RESIDENT, Destination(TAIYUAN), situation, care)
        assert found.locality is Locality.SAME_POOL
        assert (found.filed_by, found.kinds, found.if_not, found.effect) == (FiledBy.NOBODY, (), "", None)


# -- one by one --------------------------------------------------------------------------------------------------------


def test_living_in_another_province(pack: Pack) -> None:
    found = ask(pack, RESIDENT, Destination(BEIJING), Situation.LONG_TERM)
    assert found.filed_by is FiledBy.SELF
    assert {FilingKind.LONG_TERM_RESIDENT} <= {kind.kind for kind in found.kinds}
    for kind in found.kinds:
        assert kind.is_required
        assert not kind.is_filed
        assert kind.valid_to is None  # open-ended
        assert kind.earliest_start == TODAY - timedelta(days=30)
        assert kind.terms.materials
    assert found.place.region is not None
    assert (found.place.region.name, found.place.level) == ("北京市", FilingLevel.PROVINCE)
    assert found.if_not == "不备案，就按没有转诊算。"
    effect = found.effect
    assert effect is not None
    # 11,278.00 yuan, deductible 1,000: 60 % of 10,278.00 filed, 45 % unfiled.
    assert effect.typical.bill.total_fen == 11_278_00
    assert "2025 年" in effect.typical.zh
    assert effect.as_advised.own_share_fen == 11_278_00 - 6_166_80
    assert effect.otherwise is not None
    assert effect.otherwise.own_share_fen == 11_278_00 - 4_625_10
    assert effect.saving_fen == 1_541_70


def test_a_referral_to_another_province_is_valid_for_six_months(pack: Pack) -> None:
    found = ask(pack, RESIDENT, Destination(BEIJING), Situation.REFERRAL)
    assert found.filed_by is FiledBy.HOSPITAL
    (kind,) = found.kinds
    assert kind.valid_to == date(2027, 5, 21)
    assert found.if_not == "没有转诊备案，就按没有转诊算。"
    assert found.effect is not None
    # 55 % against 45 % of 10,278.00
    assert found.effect.saving_fen == 1_027_80


def test_an_emergency_needs_the_hospitals_mark(pack: Pack) -> None:
    found = ask(pack, RESIDENT, OTHER_PROVINCE, Situation.EMERGENCY)
    assert (found.filed_by, found.kinds) == (FiledBy.HOSPITAL, ())
    assert found.if_not == "医院没有标急诊，就按没有转诊算。"


def test_residents_within_the_province_are_free(pack: Pack) -> None:
    for situation in Situation:
        found = ask(pack, RESIDENT, OTHER_CITY, situation)
        assert (found.filed_by, found.kinds, found.if_not) == (FiledBy.NOBODY, (), "")
        assert found.effect is not None
        assert found.effect.as_advised.difference_fen == 0
        assert found.effect.otherwise is None


def test_going_by_oneself_may_be_filed_all_the_same(pack: Pack) -> None:
    found = ask(pack, RESIDENT, OTHER_PROVINCE, Situation.OWN_CHOICE)
    assert found.decision.outcome is FilingOutcome.DEEMED
    assert found.filed_by is FiledBy.NOBODY
    assert [(kind.kind, kind.is_required) for kind in found.kinds] == [(FilingKind.UNREFERRED, False)]
    assert found.notices[0].conflict == "I-1"


def test_who_has_filed_has_nothing_more_to_do(pack: Pack) -> None:
    filed = replace(MINER, filed=frozenset({FilingKind.POSTED_WORKER}))
    found = ask(pack, filed, Destination(TAIYUAN), Situation.LONG_TERM)
    assert (found.filed_by, found.if_not) == (FiledBy.NOBODY, "")
    assert [kind.kind for kind in found.kinds if kind.is_filed] == [FilingKind.POSTED_WORKER]
    assert found.effect is not None
    assert found.effect.as_advised.is_filed


def test_what_no_source_says_is_asked(pack: Pack) -> None:
    found = ask(pack, MINER, OTHER_CITY, Situation.OWN_CHOICE, CareKind.CHRONIC)
    assert found.must_ask
    assert found.ask == pack.agency(DATONG)
    assert found.effect is None


def test_a_place_of_its_own_rule(pack: Pack) -> None:
    """忻州 excepts 太原 from its referrals; of another city nothing of the kind is said."""
    to_taiyuan = ask(pack, TEACHER, Destination(TAIYUAN), Situation.REFERRAL)
    to_datong = ask(pack, TEACHER, Destination(DATONG), Situation.REFERRAL)
    assert to_taiyuan.decision.conflict == "I-25"
    assert to_datong.decision.conflict == "I-30"


def test_the_rule_of_places_without_a_place(pack: Pack) -> None:
    far = ask(pack, RESIDENT, OTHER_PROVINCE, Situation.LONG_TERM).place
    assert (far.level, far.region, far.provincial) == (None, None, ("北京市",))
    near = ask(pack, MINER, OTHER_CITY, Situation.LONG_TERM).place
    assert (near.level, near.provincial) == (FilingLevel.CITY, ())


def test_whose_category_is_not_said(pack: Pack) -> None:
    """All residents are paid alike; employees are not, and the amount is not guessed."""
    resident = ask(pack, replace(RESIDENT, category=None), OTHER_PROVINCE, Situation.LONG_TERM)
    assert resident.effect is not None
    assert resident.effect.saving_fen == 1_541_70
    employee = ask(pack, replace(RETIREE, category=None), OTHER_PROVINCE, Situation.LONG_TERM)
    assert employee.effect is not None
    assert employee.effect.as_advised.undetermined is not None
    assert "在职、退休" in employee.effect.as_advised.undetermined.reason


def test_another_reading_changes_the_answer(pack: Pack, choose: Choose) -> None:
    """I-1 read as 先备案: going by oneself has to be filed, and unfiled it cannot be settled."""
    strict = choose("I-1", "file_first")
    found = ask(strict, RESIDENT, OTHER_PROVINCE, Situation.OWN_CHOICE)
    assert (found.filed_by, found.decision.outcome) == (FiledBy.SELF, FilingOutcome.MUST_FILE)
    assert [kind.is_required for kind in found.kinds] == [True]
    assert found.if_not == "不备案，就不能直接结算。要先自己付钱，再回参保地报。"
    lived = ask(strict, RESIDENT, OTHER_PROVINCE, Situation.LONG_TERM)
    assert lived.if_not == found.if_not
    assert lived.effect is not None
    assert lived.effect.otherwise is None


def test_an_emergency_that_must_be_filed(pack: Pack, choose: Choose) -> None:
    """I-2 read as 先备案: filed as unreferred, it keeps the emergency's rate."""
    strict = choose("I-2", "file_first")
    found = ask(strict, RESIDENT, OTHER_PROVINCE, Situation.EMERGENCY)
    assert [kind.kind for kind in found.kinds] == [FilingKind.UNREFERRED]
    assert found.if_not == "不备案，就不能直接结算。要先自己付钱，再回参保地报。"
    assert found.effect is not None
    assert found.effect.as_advised.path == "emergency"


def test_a_place_must_be_one(pack: Pack) -> None:
    with pytest.raises(PlaceUnknown, match="999999"):
        ask(pack, RESIDENT, Destination("999999"), Situation.LONG_TERM)
    with pytest.raises(PlaceUnknown):
        ask(pack, RESIDENT, Destination("149900"), Situation.LONG_TERM)
    with pytest.raises(PlaceNotGiven):
        ask(pack, RESIDENT, Destination(), Situation.LONG_TERM)


def test_a_day_before_all_law(pack: Pack) -> None:
    found = ask(pack, RESIDENT, OTHER_PROVINCE, Situation.LONG_TERM, on=date(2015, 1, 1))
    assert found.must_ask
    assert found.effect is None
