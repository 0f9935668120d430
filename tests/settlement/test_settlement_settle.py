"""One bill settled: the amounts, who pays, what is written, and everything that forbids it."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from settlement_kit import (
    ADMITTED,
    BEIJING,
    BEIJING_HOSPITAL,
    CHANGZHI,
    CHANGZHI_HOSPITAL,
    CLASS_B,
    CLASS_C,
    DATONG,
    DATONG_HOSPITAL,
    TAIYUAN_PHARMACY,
    Hospital,
    Town,
    balance_of,
    book_of,
    check_books,
    line,
    number_of,
    returned,
    year_of,
)

from tongban import settlement
from tongban.infra.db import Connection
from tongban.kernel.errors import Refusal
from tongban.kernel.identifiers import SETTLEMENT, parse_outside_number
from tongban.kernel.vocabulary import CareKind, Confidence, InsuranceType
from tongban.law import load_pack
from tongban.settlement import (
    AlreadySettled,
    AmountMismatch,
    DateRefused,
    EncounterClosed,
    EncounterNotFound,
    EnrollmentRefused,
    ExpectedAmounts,
    FilingNeeded,
    MessageReused,
    PaymentStopped,
    ThirdPartyPays,
    Undetermined,
    VisitDescription,
)

ROOT = Path(__file__).resolve().parents[2]


async def test_a_stay_at_home_is_paid_by_pool_account_and_cash(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person(balance_fen=50_000)
    request = await hospital.stay(person, 2_000_000)

    settled = await hospital.settle(request)

    # 太原职工 一类: (20000 − 800) × 82 %
    assert settled.deductible_fen == 80_000
    assert settled.rate_bp == 8200
    assert settled.pooled_fund_fen == 1_574_400
    assert settled.person_share_fen == 425_600
    assert (settled.account_fen, settled.cash_fen, settled.balance_after_fen) == (50_000, 375_600, 0)
    assert settled.filing_serial is None
    number = parse_outside_number(settled.number or "", SETTLEMENT)
    assert (number.person_id, number.serial) == (person.person_id, settled.settlement_serial)
    assert await book_of(db, person) == {
        "institution:H14010000001": 1_624_400,
        "pool:140100:employee_pooled": -1_574_400,
        "opening": -50_000,
    }
    year = await year_of(db, person)
    assert (year.inpatient_stays, year.inpatient_pooled_fen) == (1, 1_574_400)
    await check_books(db, person, opening_fen=50_000)


async def test_the_second_stay_of_the_year_owes_half_the_deductible(hospital: Hospital, town: Town) -> None:
    person = await town.person()
    await hospital.settle(await hospital.stay(person, 500_000))

    settled = await hospital.settle(await hospital.stay(person, 500_000))

    assert settled.deductible_fen == 40_000


async def test_a_preview_computes_the_same_and_writes_nothing(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person()
    request = await hospital.stay(person, 2_000_000, item=CLASS_B)

    preview = await hospital.preview(replace(request, message_id="", transaction_code=""))

    assert preview.number is None
    assert await settlement.settlements_of(db, person.person_id) == []
    assert (await year_of(db, person)).inpatient_stays == 0
    settled = await hospital.settle(request)
    same = replace(
        settled, settlement_serial=None, settled_at=None, message_id=preview.message_id, assessment=preview.assessment
    )
    assert same == preview
    assert settled.assessment == preview.assessment


async def test_a_refused_bill_leaves_no_trace(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person()
    request = await hospital.stay(person, 2_000_000)

    with pytest.raises(AmountMismatch) as refused:
        await hospital.settle(replace(request, total_fen=1_999_999))

    assert "19,999.99" in refused.value.sentence
    assert "20,000.00" in refused.value.sentence
    assert await db.fetchval("select count(*) from settlement.message where kind = 'settle'") == 0
    assert await db.fetchval("select count(*) from settlement.benefit_year") == 0
    assert (await hospital.settle(request)).total_fen == 2_000_000


async def test_amounts_the_hospital_echoes_must_match(hospital: Hospital, town: Town) -> None:
    person = await town.person()
    request = await hospital.stay(person, 100_000, item=CLASS_B)

    with pytest.raises(AmountMismatch, match="先行自付"):
        await hospital.settle(replace(request, expected=ExpectedAmounts(preselfpay_fen=9_999)))

    expected = ExpectedAmounts(self_funded_fen=0, over_price_cap_fen=0, preselfpay_fen=10_000, in_scope_fen=90_000)
    assert (await hospital.settle(replace(request, expected=expected))).preselfpay_fen == 10_000


async def test_without_the_account_everything_is_cash(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person(balance_fen=50_000)
    request = await hospital.stay(person, 100_000)

    settled = await hospital.settle(replace(request, use_account=False))

    assert (settled.account_fen, settled.cash_fen) == (0, settled.person_share_fen)
    assert await balance_of(db, person) == settled.balance_after_fen == 50_000


async def test_residents_have_no_account(hospital: Hospital, town: Town) -> None:
    person = await town.person("resident", "adult")

    settled = await hospital.settle(await hospital.stay(person, 1_000_000))

    # 居民 一类: (10000 − 1000) × 60 %
    assert settled.pooled_fund_fen == 540_000
    assert settled.account_fen == 0
    assert settled.balance_after_fen is None


async def test_a_bill_of_nothing_settles_and_is_no_stay(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person()
    encounter = await hospital.admit(person)
    charge = line(30_000, quantity=3)
    await hospital.upload(encounter, charge)
    await hospital.upload(encounter, returned(charge, 3))

    settled = await hospital.settle(hospital.bill(encounter, 0))

    assert (settled.total_fen, settled.pooled_fund_fen, settled.cash_fen) == (0, 0, 0)
    assert (await year_of(db, person)).inpatient_stays == 0
    await check_books(db, person, opening_fen=50_000)
    await hospital.cancel(settled)
    await check_books(db, person, opening_fen=50_000)


async def test_elsewhere_the_treating_region_advances(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person(balance_fen=10_000)
    serial = await town.filing(person, "long_term_resident", BEIJING)
    beijing = hospital.at(BEIJING_HOSPITAL)

    settled = await beijing.settle(await beijing.stay(person, 2_000_000))

    assert settled.filing_serial == serial
    assert settled.pooled_fund_fen == 1_574_400
    assert await book_of(db, person) == {
        "institution:H11000000001": 1_584_400,
        "advance:110000:140100": -1_584_400,
        "receivable:110000:140100": 1_584_400,
        "pool:140100:employee_pooled": -1_574_400,
        "opening": -10_000,
    }
    assert await town.settlements_here(person) == 1


async def test_the_filing_that_serves_best_is_taken_and_named(hospital: Hospital, town: Town) -> None:
    person = await town.person("resident", "adult")
    await town.filing(person, "unreferred", BEIJING, scopes="{[1,2)}", serial=1, valid_to=date(2026, 12, 31))
    await town.filing(person, "referral", BEIJING, scopes="{[2,3)}", serial=2, valid_to=date(2026, 12, 31))
    beijing = hospital.at(BEIJING_HOSPITAL)
    request = await beijing.stay(person, 1_000_000)

    settled = await beijing.settle(request)

    # The referral covers outpatient care only, so 60 % − 15 points; both rest on a settlement at their place now.
    assert settled.filing_serial == 1
    assert settled.rate_bp == 4500
    assert await town.settlements_here(person, 1) == 1
    assert await town.settlements_here(person, 2) == 1


async def test_a_referral_serves_better_than_an_own_choice(hospital: Hospital, town: Town) -> None:
    person = await town.person("resident", "adult")
    await town.filing(person, "unreferred", BEIJING, scopes="{[1,2)}", serial=1, valid_to=ADMITTED)
    await town.filing(person, "referral", BEIJING, valid_from=date(2026, 11, 11), serial=2, valid_to=date(2026, 12, 31))
    beijing = hospital.at(BEIJING_HOSPITAL)

    on_the_10th = await beijing.settle(await beijing.stay(person, 1_000_000))
    on_the_11th = await beijing.settle(await beijing.stay(person, 1_000_000, admitted_on=date(2026, 11, 11)))

    # In force on the day of admission decides, not on the day of settling.
    assert (on_the_10th.filing_serial, on_the_10th.rate_bp) == (1, 4500)
    assert (on_the_11th.filing_serial, on_the_11th.rate_bp) == (2, 5500)


async def test_a_closed_filing_counts_for_nothing(hospital: Hospital, town: Town) -> None:
    person = await town.person("resident", "adult")
    await town.filing(person, "referral", BEIJING, status="closed", valid_to=date(2026, 12, 31))
    beijing = hospital.at(BEIJING_HOSPITAL)

    settled = await beijing.settle(await beijing.stay(person, 1_000_000))

    assert (settled.filing_serial, settled.rate_bp) == (None, 4500)
    assert await town.settlements_here(person) == 0


async def test_the_emergency_mark_counts_as_filed(hospital: Hospital, town: Town) -> None:
    person = await town.person("resident", "adult")
    beijing = hospital.at(BEIJING_HOSPITAL)

    settled = await beijing.settle(await beijing.stay(person, 1_000_000, is_emergency=True))

    assert settled.assessment["case"]["path"] == "emergency"
    assert settled.rate_bp == 5500


async def test_undetermined_law_is_refused_with_whom_to_ask(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person()  # 太原职工, 省内没有转诊: no source gives a rate
    datong = hospital.at(DATONG_HOSPITAL)
    request = await datong.stay(person, 1_000_000)

    with pytest.raises(Undetermined) as refused:
        await datong.settle(request)

    assert "票" in refused.value.sentence
    assert refused.value.ask
    assert refused.value.ask in refused.value.sentence
    assert await settlement.settlements_of(db, person.person_id) == []
    assert await year_of(db, person) == settlement.YearTotals()


async def test_a_known_lesser_way_is_not_taken_while_the_better_is_unknown(hospital: Hospital, town: Town) -> None:
    # 大同职工 long-term is known in the province; a pool without figures of its own knows nothing at all.
    person = await town.person(pool=CHANGZHI)
    changzhi = hospital.at(CHANGZHI_HOSPITAL)

    with pytest.raises(Undetermined):
        await changzhi.settle(await changzhi.stay(person, 1_000_000))


async def test_a_long_term_filing_in_the_province_keeps_the_full_rate(hospital: Hospital, town: Town) -> None:
    person = await town.person()
    await town.filing(person, "posted_worker", DATONG)
    datong = hospital.at(DATONG_HOSPITAL)

    settled = await datong.settle(await datong.stay(person, 2_000_000))

    assert (settled.filing_serial, settled.rate_bp) == (1, 8200)


async def test_care_across_provinces_marked_as_referral_without_a_filing_is_paid_as_unreferred(
    hospital: Hospital, town: Town
) -> None:
    person = await town.person("resident", "adult")
    beijing = hospital.at(BEIJING_HOSPITAL)

    settled = await beijing.settle(await beijing.stay(person, 1_000_000, is_referral_mark=True))

    assert settled.assessment["case"]["path"] == "own_choice"


async def test_arrears_leave_the_account_usable(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person(payment_state="arrears", balance_fen=30_000)
    encounter = await hospital.admit(person)
    assert encounter.is_pooling_suspended
    await hospital.upload(encounter, line(100_000))

    settled = await hospital.settle(hospital.bill(encounter, 100_000))

    assert (settled.pooled_fund_fen, settled.account_fen, settled.cash_fen) == (0, 30_000, 70_000)
    assert settled.confidence is Confidence.ILLUSTRATIVE
    assert (await year_of(db, person)).inpatient_stays == 0
    await check_books(db, person, opening_fen=30_000)


async def test_a_pharmacy_is_paid_from_the_account_alone(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person(balance_fen=30_000)
    pharmacy = hospital.at(TAIYUAN_PHARMACY)
    encounter = await pharmacy.visit(person, CareKind.PHARMACY)
    await pharmacy.upload(encounter, line(5_000, batch="B1"))

    settled = await pharmacy.settle(pharmacy.bill(encounter, 5_000, batch="B1"))

    assert (settled.pooled_fund_fen, settled.account_fen, settled.cash_fen) == (0, 5_000, 0)
    await check_books(db, person, opening_fen=30_000)


async def test_what_no_source_says_of_residents_at_pharmacies_is_refused(hospital: Hospital, town: Town) -> None:
    person = await town.person("resident", "adult")
    pharmacy = hospital.at(TAIYUAN_PHARMACY)
    encounter = await pharmacy.visit(person, CareKind.PHARMACY)
    await pharmacy.upload(encounter, line(5_000, batch="B1"))

    with pytest.raises(Undetermined, match="药店"):
        await pharmacy.settle(pharmacy.bill(encounter, 5_000, batch="B1"))


async def test_where_arrears_do_not_stop_the_fund_it_pays(hospital: Hospital, town: Town, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    rule = tmp_path / "policies" / "shanxi" / "arrears.yaml"
    rule.write_text(rule.read_text().replace("employee: false", "employee: true"))
    generous = replace(hospital, pack=load_pack(tmp_path / "policies"))
    person = await town.person(payment_state="arrears")

    encounter = await generous.admit(person)
    await generous.upload(encounter, line(2_000_000))

    assert not encounter.is_pooling_suspended
    assert (await generous.settle(generous.bill(encounter, 2_000_000))).pooled_fund_fen == 1_574_400


async def test_batches_of_a_visit_are_settled_each_by_itself(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person("resident", "adult")
    encounter = await hospital.visit(person)
    await hospital.upload(encounter, line(20_000, batch="B1"), line(30_000, batch="B2"))

    first = await hospital.settle(hospital.bill(encounter, 20_000, batch="B1"))
    second = await hospital.settle(hospital.bill(encounter, 30_000, batch="B2"))

    assert (first.total_fen, second.total_fen) == (20_000, 30_000)
    assert (await year_of(db, person)).outpatient_visits == 2
    await hospital.upload(encounter, line(10_000, batch="B3"))
    with pytest.raises(EncounterClosed):
        await hospital.upload(encounter, line(10_000, batch="B1"))
    with pytest.raises(AlreadySettled) as refused:
        await hospital.settle(hospital.bill(encounter, 20_000, batch="B1"))
    assert refused.value.number == first.number
    await hospital.cancel(first)
    await hospital.settle(hospital.bill(encounter, 20_000, batch="B1"))
    await check_books(db, person, opening_fen=None)


async def test_the_same_message_again_is_answered_as_before(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person()
    request = await hospital.stay(person, 2_000_000)
    first = await hospital.settle(request)

    again = await hospital.settle(request)

    assert again.is_repeat
    assert again.number == first.number
    assert (again.cash_fen, again.balance_after_fen) == (first.cash_fen, first.balance_after_fen)
    assert again.assessment == first.assessment
    assert len(await settlement.settlements_of(db, person.person_id)) == 1


async def test_other_contents_under_a_known_message_id_are_refused(hospital: Hospital, town: Town) -> None:
    person = await town.person()
    request = await hospital.stay(person, 2_000_000)
    await hospital.settle(request)

    with pytest.raises(MessageReused, match="报文号重复但内容不同"):
        await hospital.settle(replace(request, request_hash=b"another"))


async def test_another_message_for_a_settled_bill_is_refused_with_its_number(hospital: Hospital, town: Town) -> None:
    person = await town.person()
    request = await hospital.stay(person, 2_000_000)
    first = await hospital.settle(request)

    with pytest.raises(AlreadySettled) as refused:
        await hospital.settle(replace(request, message_id=hospital.message_id()))

    assert first.number is not None
    assert first.number in refused.value.sentence


async def test_two_transactions_may_share_a_message_id(hospital: Hospital, town: Town) -> None:
    person = await town.person()
    message_id = hospital.message_id()
    encounter = await hospital.admit(person, message_id=message_id)
    await hospital.upload(encounter, line(10_000))

    assert (await hospital.settle(hospital.bill(encounter, 10_000, message_id=message_id))).total_fen == 10_000


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"institution_code": DATONG_HOSPITAL}, EncounterNotFound),
        ({"encounter_serial": 10**9}, EncounterNotFound),
        ({"insurance_type": InsuranceType.RESIDENT}, EnrollmentRefused),
        ({"settled_on": date(2026, 11, 23)}, DateRefused),
        ({"settled_on": date(2026, 11, 9)}, DateRefused),
        ({"discharged_on": date(2026, 11, 9)}, DateRefused),
        ({"discharged_on": date(2026, 11, 23)}, DateRefused),
        ({"total_fen": -1}, AmountMismatch),
        ({"batch": "B9"}, AmountMismatch),
    ],
)
async def test_what_cannot_be_settled_says_why(
    hospital: Hospital, town: Town, db: Connection, changes: dict[str, object], refusal: type[Refusal]
) -> None:
    person = await town.person()
    request = await hospital.stay(person, 2_000_000)

    with pytest.raises(refusal):
        await hospital.settle(replace(request, **changes))  # type: ignore[arg-type]
    with pytest.raises(refusal):
        await hospital.preview(replace(request, **changes))  # type: ignore[arg-type]

    assert await settlement.settlements_of(db, person.person_id) == []


async def test_an_injury_found_to_have_a_liable_third_party_is_not_settled(hospital: Hospital, town: Town) -> None:
    person = await town.person()
    encounter = await hospital.admit(person)
    await hospital.upload(encounter, line(10_000))

    with pytest.raises(ThirdPartyPays):
        await settlement.describe_visit(
            hospital.db,
            number_of(encounter),
            hospital.code,
            VisitDescription(is_trauma=True, has_third_party=True),
            now=hospital.now,
        )
    with pytest.raises(settlement.TraumaUnclear):
        await settlement.describe_visit(
            hospital.db, number_of(encounter), hospital.code, VisitDescription(is_trauma=True), now=hospital.now
        )


async def test_an_enrollment_that_changed_since_admission_is_refused(hospital: Hospital, town: Town) -> None:
    moved, stopped = await town.person(), await town.person()
    bill_of_moved, bill_of_stopped = await hospital.stay(moved, 10_000), await hospital.stay(stopped, 10_000)
    await town.owner_db.execute(
        "update people.enrollment set pool_code = $2 where person_id = $1", moved.person_id, DATONG
    )
    await town.owner_db.execute(
        "update people.enrollment set payment_state = 'stopped' where person_id = $1", stopped.person_id
    )

    with pytest.raises(EnrollmentRefused):
        await hospital.settle(bill_of_moved)
    with pytest.raises(PaymentStopped):
        await hospital.settle(bill_of_stopped)


async def test_self_funded_care_is_the_persons(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person(balance_fen=0)

    settled = await hospital.settle(await hospital.stay(person, 100_000, item=CLASS_C))

    assert (settled.self_funded_fen, settled.pooled_fund_fen, settled.cash_fen) == (100_000, 0, 100_000)
    await check_books(db, person, opening_fen=0)


async def test_only_the_person_sees_a_settlement(hospital: Hospital, town: Town, db: Connection) -> None:
    person, other = await town.person(), await town.person()
    settled = await hospital.settle(await hospital.stay(person, 100_000))
    assert settled.number is not None

    assert (await settlement.get_settlement(db, person.person_id, settled.number)).total_fen == 100_000
    with pytest.raises(settlement.SettlementNotFound):
        await settlement.get_settlement(db, other.person_id, settled.number)
    with pytest.raises(settlement.SettlementNotFound):
        await settlement.find(
            db, person.person_id, settlement_serial=settled.settlement_serial, institution_code=DATONG_HOSPITAL
        )


async def test_where_filing_comes_first_the_unfiled_are_told_so(hospital: Hospital, town: Town, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    scope = tmp_path / "policies" / "shanxi" / "scope.yaml"
    scope.write_text(scope.read_text() + "choices: {I-1: file_first}\n")
    beijing = replace(hospital.at(BEIJING_HOSPITAL), pack=load_pack(tmp_path / "policies"))
    person = await town.person("resident", "adult")
    request = await beijing.stay(person, 1_000_000)

    with pytest.raises(FilingNeeded, match="备案"):
        await beijing.settle(request)

    await town.filing(person, "unreferred", BEIJING, valid_to=date(2026, 12, 31))
    assert (await beijing.settle(request)).filing_serial == 1
