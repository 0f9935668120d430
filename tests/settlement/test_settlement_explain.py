"""Why: a stored settlement told in steps that end at what was paid."""

from dataclasses import replace

from settlement_kit import (
    BEIJING,
    BEIJING_HOSPITAL,
    CLASS_B,
    TAIYUAN_PHARMACY,
    Hospital,
    Town,
    line,
)

from tongban import settlement
from tongban.infra.db import Connection
from tongban.kernel.money import yuan
from tongban.kernel.vocabulary import CareKind, Confidence
from tongban.law import Pack


async def test_the_steps_lead_from_the_bill_to_the_cash(
    hospital: Hospital, town: Town, db: Connection, pack: Pack
) -> None:
    person = await town.person(balance_fen=50_000)
    settled = await hospital.settle(await hospital.stay(person, 2_000_000, item=CLASS_B))
    stored = await settlement.find(db, person.person_id, settlement_serial=settled.settlement_serial)

    told = settlement.explain(pack, stored)

    by_field = {step.field: step for step in told.steps}
    assert by_field["total_fen"].amount_text == "20,000.00"
    assert yuan(settled.pooled_fund_fen) in by_field["pooled_fund_fen"].amount_text
    assert by_field["account_fen"].amount_text == "− 500.00"
    assert told.steps[-1].field == "cash_fen"
    assert told.steps[-1].amount_text == yuan(settled.cash_fen)
    assert any(step.sources for step in told.steps)
    assert told.confidence is Confidence.ILLUSTRATIVE
    assert "示例" in told.notice
    assert told.steps == settlement.explain(pack, settled).steps


async def test_the_filing_it_rests_on_is_named(hospital: Hospital, town: Town, pack: Pack) -> None:
    person = await town.person()
    await town.filing(person, "long_term_resident", BEIJING)
    beijing = hospital.at(BEIJING_HOSPITAL)

    told = settlement.explain(pack, await beijing.preview(await beijing.stay(person, 2_000_000)))

    assert told.steps[0].field == "filing_serial"
    assert f"B{person.person_id}1" in told.steps[0].sentence


async def test_a_purchase_from_the_account_says_why_the_fund_pays_nothing(
    hospital: Hospital, town: Town, pack: Pack
) -> None:
    person = await town.person(balance_fen=3_000)
    pharmacy = hospital.at(TAIYUAN_PHARMACY)
    encounter = await pharmacy.visit(person, CareKind.PHARMACY)
    await pharmacy.upload(encounter, line(5_000, batch="B1"))
    settled = await pharmacy.settle(pharmacy.bill(encounter, 5_000, batch="B1"))

    told = settlement.explain(pack, settled)

    assert [step.field for step in told.steps] == [
        "total_fen",
        "way",
        "person_share_fen",
        "account_fen",
        "cash_fen",
    ]
    assert "药店" in told.steps[1].sentence
    assert told.steps[-1].amount_text == "20.00"
    assert told.confidence is Confidence.SECONDARY


async def test_arrears_are_told(hospital: Hospital, town: Town, pack: Pack) -> None:
    person = await town.person(payment_state="arrears")

    told = settlement.explain(pack, await hospital.preview(await hospital.stay(person, 10_000)))

    (why,) = [step for step in told.steps if "欠缴" in step.sentence]
    assert why.sources
    # That benefits stop is the strict reading of a page that says "may be affected": an example, not a fact.
    assert why.confidence is Confidence.ILLUSTRATIVE


async def test_a_settlement_paid_in_full_ends_with_nothing_to_pay(hospital: Hospital, town: Town, pack: Pack) -> None:
    person = await town.person(balance_fen=10_000_000)
    settled = await hospital.settle(await hospital.stay(person, 2_000_000))

    told = settlement.explain(pack, settled)

    assert told.steps[-1].amount_text == "0.00"
    assert settlement.explain(pack, replace(settled, account_fen=0, cash_fen=0)).steps[-1].field != "cash_fen"
