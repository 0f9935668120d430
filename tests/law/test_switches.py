"""Every contradiction that is not settled changes something in a pool that reads it the other way, and only there."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tongban.kernel.vocabulary import (
    CareKind,
    FilingKind,
    InsuranceType,
    Locality,
    PersonnelCategory,
    Relation,
    Situation,
)
from tongban.law import (
    Act,
    Applicant,
    BenefitPath,
    CareStage,
    Channel,
    ChronicQuestion,
    EmergencyQuestion,
    FilingAct,
    FilingActor,
    FilingChangeQuestion,
    FilingOutcome,
    FilingQuestion,
    LateFilingQuestion,
    Listed,
    MutualAidTerms,
    Pack,
    PapersState,
    PlaceAnswer,
    PolicyError,
    ServiceItem,
    UsedValue,
    Way,
    archive_months,
    benefit_path,
    channel_state,
    chronic_settlement,
    claim_papers,
    decide_filing,
    decide_filing_change,
    decide_late_filing,
    dual_benefit,
    emergency_standing,
    filing_terms,
    handling_days,
    kinds_offered,
    load_pack,
    may_act_for,
    mutual_aid_kin,
    mutual_aid_terms,
    open_channels,
    place_level,
)
from tongban.law.assess import GOVERNING_DAY

POLICIES = Path(__file__).parents[2] / "policies"
DAY = date(2026, 11, 20)
THIS, OTHER = "140200", "140300"  # 大同 chooses, 阳泉 does not
XINZHOU, TAIYUAN = "140900", "140100"
NEAR, FAR = Locality.IN_PROVINCE, Locality.CROSS_PROVINCE
EMPLOYEE, RESIDENT = InsuranceType.EMPLOYEE, InsuranceType.RESIDENT
Choosing = Callable[..., Pack]


@pytest.fixture
def choosing(tmp_path: Path) -> Choosing:
    """The product's law, but one pool has chosen other readings: ``choosing("I-12: free")``."""

    def make(choices: str, pool: str = "datong") -> Pack:
        scope = tmp_path / "shanxi" / pool / "scope.yaml"
        scope.parent.mkdir(parents=True)
        ours = (POLICIES / "shanxi" / pool / "scope.yaml").read_text(encoding="utf-8").splitlines()
        kept = [line for line in ours if not line.startswith("choices")]
        scope.write_text("\n".join([*kept, f"choices: {{{choices}}}", ""]), encoding="utf-8")
        return load_pack(POLICIES, tmp_path)

    return make


# Where a choice must change the answer in the pool that made it, and leave the others' as it was. Each gives what it
# answers of a pool; I-1, I-2, I-3 and I-29 are held to it by the filing table's own test as well.
ANSWERS: dict[str, tuple[str, Callable[[Pack, str], object], object, object]] = {
    "I-2": (
        "file_first",
        lambda pack, pool: str(
            emergency_standing(pack, EmergencyQuestion(pool, RESIDENT, FAR, CareKind.INPATIENT, True, DAY)).outcome
        ),
        "as_filed",
        "must_file",
    ),
    "I-4 long term": (
        "one_year_one_stay",
        lambda pack, pool: _period(pack, pool, FilingKind.LONG_TERM_RESIDENT),
        (None, None),
        (12, None),
    ),
    "I-4 temporary": (
        "one_year_one_stay",
        lambda pack, pool: _period(pack, pool, FilingKind.UNREFERRED),
        (6, None),
        (None, 1),
    ),
    "I-5": (
        "with",
        lambda pack, pool: str(channel_state(pack, pool, ServiceItem.FILING, Channel.MINSHENG_APP, DAY).outcome),
        "off",
        "open",
    ),
    "I-5 list": (
        "with",
        lambda pack, pool: Channel.MINSHENG_APP in dict(open_channels(pack, pool, ServiceItem.FILING, DAY)),
        False,
        True,
    ),
    "I-9 self-employed": (
        "with_self_employed",
        lambda pack, pool: FilingKind.SELF_EMPLOYED_WORKER in _kinds(pack, pool, PersonnelCategory.ACTIVE),
        False,
        True,
    ),
    "I-9 after retirement": (
        "after_retirement",
        lambda pack, pool: FilingKind.LONG_TERM_RESIDENT in _kinds(pack, pool, PersonnelCategory.ACTIVE),
        True,
        False,
    ),
    "I-11": (
        "six",
        lambda pack, pool: _level(pack, pool, "660000"),
        "province",
        "city",
    ),
    "I-12 cancel": (
        "free",
        lambda pack, pool: _change(pack, pool, FilingAct.CANCEL),
        "refused",
        "allowed",
    ),
    "I-12 change": (
        "free",
        lambda pack, pool: _change(pack, pool, FilingAct.CHANGE),
        "refused",
        "allowed",
    ),
    "I-13 stage": (
        "never_backdate",
        lambda pack, pool: str(
            decide_late_filing(
                pack, LateFilingQuestion(pool, CareStage.IN_HOSPITAL, NEAR, Situation.LONG_TERM, DAY)
            ).outcome
        ),
        "may_file",
        "too_late",
    ),
    "I-13 days": (
        "never_backdate",
        lambda pack, pool: filing_terms(pack, pool, FilingKind.UNREFERRED, FAR, DAY).backdate_days_max,
        30,
        0,
    ),
    "I-14": ("at_once", lambda pack, pool: _days(pack, pool, ServiceItem.CLAIM), 20, 0),
    "I-18": ("three", lambda pack, pool: len(_kin(pack, pool, DAY)), 8, 3),
    "I-20": (
        "anyone",
        lambda pack, pool: str(may_act_for(pack, pool, Act.CLAIM, Relation.OTHER, DAY).outcome),
        "refused",
        "allowed",
    ),
    "I-21": (
        "after_papers",
        lambda pack, pool: str(dual_benefit(pack, pool, PapersState.PROMISED, DAY).outcome),
        "both_places",
        "filed_place_only",
    ),
    "I-29": (
        "file_first",
        lambda pack, pool: str(
            chronic_settlement(
                pack, ChronicQuestion(pool, FAR, Situation.OWN_CHOICE, "M03900", True, False, DAY)
            ).outcome
        ),
        "direct",
        "file_first",
    ),
    "I-31": (
        "relatives",
        lambda pack, pool: str(may_act_for(pack, pool, Act.FILE, Relation.OTHER, DAY).outcome),
        "allowed",
        "refused",
    ),
    "I-32": (
        "not_required",
        lambda pack, pool: _papers(pack, pool, Way.ONLINE, Applicant.SELF),
        ("claim_commitment", "invoice", "fee_list", "discharge_record"),
        ("claim_commitment",),
    ),
    "I-33": ("floor_1000", lambda pack, pool: _sharing(pack, pool).floor_fen, 0, 100_000),
    "R-4": ("several", lambda pack, pool: _sharing(pack, pool).authorisers_max, 1, None),
}


def _period(pack: Pack, pool: str, kind: FilingKind) -> tuple[int | None, int | None]:
    terms = filing_terms(pack, pool, kind, FAR, DAY)
    assert "I-4" in terms.conflicts
    return terms.months_valid, terms.stays_max


def _kinds(pack: Pack, pool: str, category: PersonnelCategory) -> tuple[FilingKind, ...]:
    return kinds_offered(pack, pool, EMPLOYEE, category, DAY)


def _level(pack: Pack, pool: str, province: str, on: date = DAY) -> str:
    found = place_level(pack, pool, province, on)
    assert isinstance(found, PlaceAnswer)
    return str(found.level)


def _change(pack: Pack, pool: str, act: FilingAct) -> str:
    question = FilingChangeQuestion(pool, act, True, FilingActor.INSURED_PERSON, DAY)
    return str(decide_filing_change(pack, question).outcome)


def _days(pack: Pack, pool: str, item: ServiceItem) -> int:
    found = handling_days(pack, pool, item, DAY)
    assert isinstance(found, UsedValue)
    return found.value


def _kin(pack: Pack, pool: str, on: date) -> tuple[Relation, ...]:
    found = mutual_aid_kin(pack, pool, on)
    assert isinstance(found, Listed)
    return found.members


def _papers(pack: Pack, pool: str, way: Way, applicant: Applicant) -> tuple[str, ...]:
    found = claim_papers(pack, pool, way, applicant, DAY)
    assert isinstance(found, Listed)
    return tuple(map(str, found.members))


def _sharing(pack: Pack, pool: str) -> MutualAidTerms:
    found = mutual_aid_terms(pack, pool, NEAR, DAY)
    assert isinstance(found, MutualAidTerms)
    return found


@pytest.mark.parametrize("name", ANSWERS)
def test_the_other_reading_changes_the_answer_where_it_was_chosen(pack: Pack, choosing: Choosing, name: str) -> None:
    reading, answer, ours, theirs = ANSWERS[name]
    changed = choosing(f"{name.split()[0]}: {reading}")
    assert (answer(pack, THIS), answer(changed, THIS), answer(changed, OTHER)) == (ours, theirs, ours)


def test_every_contradiction_is_settled_or_a_switch(pack: Pack) -> None:
    """One whose reading changes nothing would be a choice that only looks like one."""
    entries = [
        entry for kept in (pack.values, pack.lists, pack.rows, pack.kinds) for each in kept.values() for entry in each
    ]
    # GOVERNING_DAY is read by the rule that picks the day: see test_readings.
    switched = {entry.conflict for entry in entries if entry.reading} | {GOVERNING_DAY}
    settled = {record.id for record in pack.conflicts.values() if record.is_settled}
    assert switched | settled == set(pack.conflicts)
    assert switched & settled == set()


def test_a_settled_contradiction_leaves_nothing_to_choose(choosing: Choosing) -> None:
    with pytest.raises(PolicyError, match="I-6"):
        choosing("I-6: relative")


def test_every_contradiction_names_its_sources_and_who_answers_for_it(pack: Pack) -> None:
    for record in pack.conflicts.values():
        assert len(record.readings) >= 2
        assert record.why
        assert record.owner
        assert record.review_on > DAY
        if record.id.startswith("I-"):
            assert any(reading.sources for reading in record.readings), record.id


@pytest.mark.parametrize(
    ("choice", "path"), [("exempt", BenefitPath.REFERRAL), ("as_elsewhere", BenefitPath.OWN_CHOICE)]
)
def test_xinzhou_to_taiyuan_counts_as_referred(choosing: Choosing, choice: str, path: BenefitPath) -> None:
    changed = choosing(f"I-25: {choice}", "xinzhou")

    def way(
        pool: str, to: str, *, emergency: bool = False, referred: bool = False, who: InsuranceType = EMPLOYEE
    ) -> object:
        return benefit_path(changed, pool, who, NEAR, None, emergency, referred, DAY, to)

    assert way(XINZHOU, TAIYUAN) is path
    assert way(XINZHOU, THIS) is BenefitPath.OWN_CHOICE
    assert way(THIS, TAIYUAN) is BenefitPath.OWN_CHOICE
    assert way(XINZHOU, TAIYUAN, emergency=True) is BenefitPath.EMERGENCY
    assert way(XINZHOU, TAIYUAN, referred=True) is BenefitPath.REFERRAL
    assert way(XINZHOU, TAIYUAN, who=RESIDENT) is BenefitPath.HOME


@pytest.mark.parametrize(
    ("choice", "to", "ours", "theirs"),
    [
        ("I-25: as_elsewhere", TAIYUAN, FilingOutcome.NOT_NEEDED, FilingOutcome.DEEMED),
        ("I-30: form_first", THIS, FilingOutcome.DEEMED, FilingOutcome.HOSPITAL_FILES),
    ],
)
def test_xinzhou_refers_inside_the_province(
    pack: Pack, choosing: Choosing, choice: str, to: str, ours: FilingOutcome, theirs: FilingOutcome
) -> None:
    referred = FilingQuestion(XINZHOU, EMPLOYEE, NEAR, Situation.REFERRAL, CareKind.INPATIENT, DAY, to)
    decided = decide_filing(pack, referred)
    assert (decided.outcome, decided.conflict) == (ours, choice.split(":")[0])
    assert decide_filing(choosing(choice, "xinzhou"), referred).outcome is theirs


def test_xinzhou_keeps_its_own_period_for_referrals(choosing: Choosing, pack: Pack) -> None:
    referral = (FilingKind.REFERRAL, FAR, DAY)
    assert filing_terms(pack, XINZHOU, *referral).months_valid == 6
    changed = filing_terms(choosing("I-4: one_year_one_stay", "xinzhou"), XINZHOU, *referral)
    assert (changed.months_valid, changed.stays_max) == (None, 1)


# -- both sides of each day -------------------------------------------------------------------------------------------


def test_kin_before_and_from_the_guide(pack: Pack, choosing: Choosing) -> None:
    three = (Relation.SPOUSE, Relation.PARENT, Relation.CHILD)
    assert _kin(pack, THIS, date(2025, 3, 30)) == three
    assert set(_kin(pack, THIS, date(2025, 3, 31))) == set(Relation) - {Relation.OTHER}
    assert not isinstance(mutual_aid_kin(pack, THIS, date(2023, 5, 11)), Listed)
    assert _kin(choosing("I-18: three"), THIS, date(2025, 3, 31)) == three


def test_the_floor_of_a_thousand_yuan_falls_with_the_guide(pack: Pack) -> None:
    floor = {
        day: value.value if (value := pack.value(THIS, "mutual_aid_floor", (), day)) else None
        for day in (date(2023, 5, 11), date(2025, 3, 30), date(2025, 3, 31))
    }
    assert list(floor.values()) == [None, 100_000, 0]


@pytest.mark.parametrize(
    ("day", "is_quota", "has_wallet", "premium"),
    [(date(2026, 1, 8), False, True, "undetermined"), (date(2026, 1, 9), True, False, "payable")],
)
def test_across_provinces_a_quota_takes_the_place_of_the_wallet(
    pack: Pack, day: date, is_quota: bool, has_wallet: bool, premium: str
) -> None:
    far, near = mutual_aid_terms(pack, THIS, FAR, day), mutual_aid_terms(pack, THIS, NEAR, day)
    assert isinstance(far, MutualAidTerms)
    assert isinstance(near, MutualAidTerms)
    assert (far.is_quota, far.wallet is not None) == (is_quota, has_wallet)
    # Nothing is known of quotas in the province, and the wallet is for other provinces.
    assert (near.is_quota, near.wallet) == (None, None)
    if far.wallet:
        assert far.wallet == (3, 200_000, 22, 6)
    row = pack.row(THIS, "mutual_aid_use", ("paid", "paid", "long_term_care_premium", "cross_province"), day)
    assert row is not None
    assert row.outcome == premium


def test_how_sharing_ends_across_provinces_is_known_since_the_quota(pack: Pack) -> None:
    for day, outcome in ((date(2026, 1, 8), "undetermined"), (date(2026, 1, 9), "ends")):
        row = pack.row(THIS, "mutual_aid_end", ("giver_insurance_ends", "cross_province"), day)
        assert row is not None
        assert row.outcome == outcome


def test_archive_and_handling(pack: Pack) -> None:
    kept = archive_months(pack, THIS, DAY)
    assert isinstance(kept, UsedValue)
    assert kept.value == 24
    assert _days(pack, THIS, ServiceItem.FILING) == _days(pack, THIS, ServiceItem.MUTUAL_AID) == 0
    assert not isinstance(handling_days(pack, THIS, ServiceItem.CHRONIC, DAY), UsedValue)


def test_seven_places_are_filed_to_as_a_whole(pack: Pack) -> None:
    places = ("110000", "120000", "310000", "460000", "500000", "540000", "660000", "650000", "130000")
    assert [_level(pack, THIS, code) for code in places] == ["province"] * 7 + ["city"] * 2
