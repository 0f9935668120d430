"""Cancellation by number and reversal by message: each undoes everything, once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from settlement_kit import (
    BEIJING,
    BEIJING_HOSPITAL,
    DATONG_HOSPITAL,
    Hospital,
    Town,
    balance_of,
    book_of,
    check_books,
    line,
    number_of,
    year_of,
)

from tongban import account, settlement
from tongban.infra.db import Connection
from tongban.settlement import (
    EncounterNotFound,
    EncounterState,
    MessageKind,
    MessageReused,
    MessageReversed,
    ReversalRefused,
    SettlementCancelled,
    SettlementNotFound,
    SettlementState,
    YearTotals,
)


async def test_cancelling_restores_everything(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person(balance_fen=50_000)
    await town.filing(person, "long_term_resident", BEIJING)
    beijing = hospital.at(BEIJING_HOSPITAL)
    settled = await beijing.settle(await beijing.stay(person, 2_000_000))

    cancelled = await beijing.cancel(settled)

    assert await year_of(db, person) == YearTotals()
    assert await balance_of(db, person) == cancelled.balance_after_fen == 50_000
    assert await town.settlements_here(person) == 0
    assert await book_of(db, person) == {f"personal:{person.person_id}": 50_000, "opening": -50_000}
    assert cancelled.number != settled.number
    opening, paid, back = await account.ledger_of(db, person.person_id)
    assert (paid.what, back.what, back.corrects_entry_id) == ("settlement", "cancellation", paid.entry_id)
    assert [-posting.amount_fen for posting in back.postings] == [posting.amount_fen for posting in paid.postings]
    assert opening.corrects_entry_id is None
    record = await settlement.find(db, person.person_id, settlement_serial=settled.settlement_serial)
    assert record.state is SettlementState.CANCELLED
    assert record.cancellation_number == cancelled.number


async def test_a_cancelled_stay_is_charged_and_settled_anew(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person()
    encounter = await hospital.admit(person)
    await hospital.upload(encounter, line(100_000))
    first = await hospital.settle(hospital.bill(encounter, 100_000))
    await hospital.cancel(first)

    await hospital.upload(encounter, line(50_000))
    second = await hospital.settle(hospital.bill(encounter, 150_000))

    assert second.number != first.number
    found = await settlement.find(db, person.person_id, encounter_serial=encounter.encounter_serial)
    assert found.number == second.number
    await check_books(db, person, opening_fen=50_000)


async def test_cancelling_twice_is_cancelling_once(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person()
    settled = await hospital.settle(await hospital.stay(person, 2_000_000))
    request = hospital.cancellation(settled)
    first = await settlement.cancel(db, hospital.pack, request, now=hospital.now)

    same_message = await settlement.cancel(db, hospital.pack, request, now=hospital.now + timedelta(hours=1))
    other_message = await hospital.cancel(settled)

    for again in (same_message, other_message):
        assert again.is_repeat
        assert (again.number, again.cancelled_at) == (first.number, first.cancelled_at)
        assert again.balance_after_fen == first.balance_after_fen
    with pytest.raises(MessageReused):
        await settlement.cancel(db, hospital.pack, replace(request, request_hash=b"another"), now=hospital.now)
    await check_books(db, person, opening_fen=50_000)


async def test_a_repeated_settle_message_does_not_claim_what_was_cancelled(hospital: Hospital, town: Town) -> None:
    person = await town.person()
    request = await hospital.stay(person, 2_000_000)
    await hospital.cancel(await hospital.settle(request))

    with pytest.raises(SettlementCancelled):
        await hospital.settle(request)


async def test_what_is_not_the_hospitals_is_not_found(hospital: Hospital, town: Town) -> None:
    person = await town.person()
    settled = await hospital.settle(await hospital.stay(person, 2_000_000))

    with pytest.raises(SettlementNotFound):
        await hospital.at(DATONG_HOSPITAL).cancel(settled)
    with pytest.raises(SettlementNotFound):
        await hospital.cancel(settled, encounter_serial=10**9)
    with pytest.raises(SettlementNotFound):
        await hospital.cancel(settled, settlement_serial=10**9)


async def test_later_settlements_of_the_year_are_named_and_left_alone(
    hospital: Hospital, town: Town, db: Connection
) -> None:
    person = await town.person()
    first = await hospital.settle(await hospital.stay(person, 2_000_000))
    second = await hospital.settle(await hospital.stay(person, 2_000_000))
    visit = await hospital.visit(person)
    await hospital.upload(visit, line(10_000, batch="B1"))
    await hospital.settle(hospital.bill(visit, 10_000, batch="B1"))

    cancelled = await hospital.cancel(first)

    assert cancelled.later_numbers == (second.number,)
    left = await settlement.find(db, person.person_id, settlement_serial=second.settlement_serial)
    assert (left.deductible_fen, left.state) == (40_000, SettlementState.SETTLED)
    assert (await hospital.cancel(second)).later_numbers == ()
    await check_books(db, person, opening_fen=50_000)


async def test_reversing_a_settlement_undoes_it(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person()
    request = await hospital.stay(person, 2_000_000)
    settled = await hospital.settle(request)

    reversed_ = await hospital.reverse(request)
    again = await hospital.reverse(request)

    assert reversed_.undone is MessageKind.SETTLE
    assert reversed_.cancelled is not None
    assert reversed_.cancelled.settlement.number == settled.number
    assert again.is_repeat
    assert again.reversed_at == reversed_.reversed_at
    with pytest.raises(MessageReversed):
        await hospital.settle(request)
    with pytest.raises(MessageReversed):
        await hospital.settle(replace(request, request_hash=b"another"))
    await hospital.settle(replace(request, message_id=hospital.message_id()))
    await check_books(db, person, opening_fen=50_000)


async def test_a_reversal_that_overtakes_its_message_refuses_it(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person()
    request = await hospital.stay(person, 2_000_000)

    reversed_ = await hospital.reverse(request)
    again = await hospital.reverse(request)

    assert (reversed_.undone, again.undone) == (MessageKind.UNKNOWN, MessageKind.UNKNOWN)
    assert (reversed_.is_repeat, again.is_repeat) == (False, True)
    with pytest.raises(MessageReversed):
        await hospital.settle(request)
    assert await settlement.settlements_of(db, person.person_id) == []
    assert (await hospital.settle(replace(request, message_id=hospital.message_id()))).total_fen == 2_000_000


async def test_a_reversal_after_the_cancellation_moves_no_money(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person()
    request = await hospital.stay(person, 2_000_000)
    cancelled = await hospital.cancel(await hospital.settle(request))

    reversed_ = await hospital.reverse(request)

    assert reversed_.cancelled is not None
    assert reversed_.cancelled.number == cancelled.number
    with pytest.raises(MessageReversed):
        await hospital.settle(request)
    await check_books(db, person, opening_fen=50_000)


async def test_reversing_an_admission_voids_it(hospital: Hospital, town: Town) -> None:
    request = hospital.admission(await town.person())
    encounter = await hospital.open(request)

    reversed_ = await hospital.reverse(request)
    again = await hospital.reverse(request)

    assert (reversed_.undone, reversed_.encounter_serial) == (MessageKind.OPEN, encounter.encounter_serial)
    assert again.is_repeat
    found = await settlement.require_encounter(hospital.db, number_of(encounter), hospital.code)
    assert found.state is EncounterState.VOIDED
    with pytest.raises(MessageReversed):
        await hospital.open(request)


async def test_an_admission_withdrawn_before_it_came_is_refused(hospital: Hospital, town: Town) -> None:
    request = hospital.admission(await town.person())
    await hospital.reverse(request)

    with pytest.raises(MessageReversed):
        await hospital.open(request)
    assert (await hospital.open(replace(request, message_id=hospital.message_id()))).state is EncounterState.OPEN


async def test_an_admission_asked_for_twice_stands_until_both_are_withdrawn(hospital: Hospital, town: Town) -> None:
    first = hospital.admission(await town.person())
    second = replace(first, message_id=hospital.message_id())
    encounter = await hospital.open(first)
    assert (await hospital.open(second)).encounter_serial == encounter.encounter_serial

    await hospital.reverse(first)
    assert (await settlement.require_encounter(hospital.db, number_of(encounter), None)).state is EncounterState.OPEN
    await hospital.reverse(second)
    assert (await settlement.require_encounter(hospital.db, number_of(encounter), None)).state is EncounterState.VOIDED


async def test_an_admission_that_carries_charges_is_not_reversed(hospital: Hospital, town: Town) -> None:
    request = hospital.admission(await town.person())
    encounter = await hospital.open(request)
    await hospital.upload(encounter, line(1_000))

    with pytest.raises(ReversalRefused, match="明细"):
        await hospital.reverse(request)

    found = await settlement.require_encounter(hospital.db, number_of(encounter), hospital.code)
    assert found.state is EncounterState.OPEN


async def test_a_cancellation_cannot_be_reversed(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person()
    settled = await hospital.settle(await hospital.stay(person, 2_000_000))
    request = hospital.cancellation(settled)
    await settlement.cancel(db, hospital.pack, request, now=hospital.now)

    with pytest.raises(ReversalRefused):
        await settlement.reverse(
            db,
            hospital.pack,
            settlement.ReverseRequest(
                person_id=person.person_id,
                institution_code=hospital.code,
                transaction_code=request.transaction_code,
                message_id=request.message_id,
            ),
            now=hospital.now,
        )


async def test_another_hospitals_reversal_touches_nothing(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person()
    request = await hospital.stay(person, 2_000_000)
    settled = await hospital.settle(request)

    reversed_ = await hospital.at(DATONG_HOSPITAL).reverse(request)

    assert reversed_.undone is MessageKind.UNKNOWN
    assert (await settlement.find(db, person.person_id, settlement_serial=settled.settlement_serial)).state == "settled"


async def test_voided_visits_cannot_be_settled(hospital: Hospital, town: Town) -> None:
    request = hospital.admission(await town.person())
    encounter = await hospital.open(request)
    await hospital.reverse(request)

    with pytest.raises(settlement.EncounterClosed):
        await hospital.settle(hospital.bill(encounter, 0))
    with pytest.raises(EncounterNotFound):
        await hospital.at(DATONG_HOSPITAL).settle(hospital.bill(encounter, 0, institution_code=DATONG_HOSPITAL))
