"""Charge lines: how the catalogue splits them, what is refused and named, what is given back."""

import asyncio
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from settlement_kit import (
    CAPPED,
    CLASS_A,
    CLASS_B,
    CLASS_C,
    RESTRICTED,
    Hospital,
    Town,
    line,
    number_of,
    returned,
)

from tongban import settlement
from tongban.infra.db import Connection
from tongban.settlement import (
    ChargeLine,
    EncounterClosed,
    ItemUnknown,
    LineChanged,
    LineRefused,
    LineTotalWrong,
    LineUpload,
    ReturnRefused,
)
from tongban.settlement.rules import Split, is_total_right, split_return


def parts(made: ChargeLine) -> tuple[int, int, int, int]:
    return (made.self_funded_fen, made.over_price_cap_fen, made.preselfpay_fen, made.in_scope_fen)


async def split_of(hospital: Hospital, town: Town, sent: LineUpload) -> ChargeLine:
    encounter = await hospital.admit(await town.person())
    (made,) = await hospital.upload(encounter, sent)
    return made


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (line(10_000, CLASS_A), (0, 0, 0, 10_000)),
        (line(10_005, CLASS_B), (0, 0, 1_001, 9_004)),  # 10 % of 100.05, half up
        (line(10_000, CLASS_C), (10_000, 0, 0, 0)),
        (line(10_000, RESTRICTED), (10_000, 0, 0, 0)),
        (line(10_000, RESTRICTED, approval="2"), (10_000, 0, 0, 0)),
        (line(10_000, RESTRICTED, approval="1"), (0, 0, 500, 9_500)),
        (line(10_000, CLASS_A, approval="2"), (10_000, 0, 0, 0)),
        (line(1_000, CAPPED), (0, 0, 0, 1_000)),  # exactly the cap of 10 yuan
        (line(3_600, CAPPED, quantity=3), (0, 600, 0, 3_000)),
        (line(0, CLASS_A), (0, 0, 0, 0)),
    ],
)
async def test_a_line_is_split_by_the_catalogue(
    hospital: Hospital, town: Town, sent: LineUpload, expected: tuple[int, ...]
) -> None:
    made = await split_of(hospital, town, sent)

    assert parts(made) == expected
    assert sum(parts(made)) == sent.total_fen


async def test_the_nearer_catalogue_wins(hospital: Hospital, town: Town) -> None:
    await town.owner_db.execute(
        """insert into directory.catalog_item (catalog_region, item_code, kind, name, catalog_class, preselfpay_bp,
             confidence, source) values ('140000', $1, 'drug', '本省', 'b', 2000, 'illustrative', 'test')""",
        CLASS_A,
    )

    assert parts(await split_of(hospital, town, line(10_000, CLASS_A))) == (0, 0, 2_000, 8_000)


@pytest.mark.parametrize(("total_fen", "is_right"), [(1_234, True), (1_233, False), (1_235, False), (-1_234, False)])
def test_quantity_times_price_is_the_total_within_half_a_fen(total_fen: int, is_right: bool) -> None:
    # 3.7000 × 3.334000 = 12.3358 yuan
    sent = replace(line(0), quantity_e4=37_000, unit_price_e6=3_334_000, total_fen=total_fen)

    assert is_total_right(sent) is is_right


@pytest.mark.parametrize("total_fen", [50, 51])
def test_exactly_half_a_fen_may_be_rounded_either_way(total_fen: int) -> None:
    assert is_total_right(replace(line(0), quantity_e4=5_000, unit_price_e6=1_010_000, total_fen=total_fen))


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        (line(10_000, "NOPE"), ItemUnknown),
        (replace(line(10_000), total_fen=10_001), LineTotalWrong),
        (line(10_000, happened_on=date(2026, 11, 23)), LineRefused),
        (line(10_000, happened_on=date(1999, 12, 31)), ItemUnknown),
        (line(0, quantity_e4=0), LineRefused),
        (replace(line(10_000), quantity_e4=-10_000, total_fen=-10_000), ReturnRefused),
        (line(10_000, returns_line="L0"), ReturnRefused),
    ],
)
async def test_one_wrong_line_refuses_all_and_is_named(
    hospital: Hospital, town: Town, db: Connection, sent: LineUpload, refusal: type[LineRefused]
) -> None:
    encounter = await hospital.admit(await town.person())

    with pytest.raises(refusal) as refused:
        await hospital.upload(encounter, line(5_000), sent, line(6_000))

    assert sent.line_serial in refused.value.sentence
    assert refused.value.line_serial == sent.line_serial
    assert await db.fetchval("select count(*) from settlement.charge_line") == 0


async def test_an_unknown_item_is_named_with_its_code(hospital: Hospital, town: Town) -> None:
    encounter = await hospital.admit(await town.person())

    with pytest.raises(ItemUnknown, match="X-404"):
        await hospital.upload(encounter, line(5_000, "X-404"))


async def test_a_line_sent_again_is_answered_as_before(hospital: Hospital, town: Town, db: Connection) -> None:
    encounter = await hospital.admit(await town.person())
    known, new = line(5_000, CLASS_B), line(7_000)
    first = await hospital.upload(encounter, known)

    again = await hospital.upload(encounter, known, new, known)

    assert again == [first[0], again[1], first[0]]
    assert await db.fetchval("select count(*) from settlement.charge_line") == 2


async def test_a_known_serial_with_other_contents_is_refused(hospital: Hospital, town: Town) -> None:
    encounter = await hospital.admit(await town.person())
    known = line(5_000)
    await hospital.upload(encounter, known)

    with pytest.raises(LineChanged, match=known.line_serial):
        await hospital.upload(encounter, line(6_000, line_serial=known.line_serial))
    with pytest.raises(LineChanged):
        await hospital.upload(encounter, line(1, line_serial="twice"), line(2, line_serial="twice"))


async def test_returns_come_off_their_charge_and_never_more(hospital: Hospital, town: Town) -> None:
    encounter = await hospital.admit(await town.person())
    charge = line(3_000, CLASS_B, quantity=3)
    made, back = await hospital.upload(encounter, charge, returned(charge, 1))
    assert parts(made) == (0, 0, 300, 2_700)
    assert parts(back) == (0, 0, -100, -900)

    with pytest.raises(ReturnRefused, match="退得太多"):
        await hospital.upload(encounter, returned(charge, 3))
    await hospital.upload(encounter, returned(charge, 2))
    with pytest.raises(ReturnRefused):
        await hospital.upload(encounter, returned(charge, 1))
    assert (await hospital.settle(hospital.bill(encounter, 0))).total_fen == 0


@pytest.mark.parametrize(
    "changes",
    [{"returns_line": "L-unknown"}, {"item_code": CLASS_B}, {"batch": "B2"}, {"unit_price_e6": 1, "total_fen": 0}],
)
async def test_a_return_must_fit_its_charge(hospital: Hospital, town: Town, changes: dict[str, object]) -> None:
    encounter = await hospital.admit(await town.person())
    charge = line(3_000)

    with pytest.raises(ReturnRefused):
        await hospital.upload(encounter, charge, replace(returned(charge, 1), **changes))  # type: ignore[arg-type]


async def test_a_return_of_a_return_is_refused(hospital: Hospital, town: Town) -> None:
    encounter = await hospital.admit(await town.person())
    charge = line(3_000)
    back = returned(charge, 1)
    await hospital.upload(encounter, charge, back)

    with pytest.raises(ReturnRefused):
        await hospital.upload(encounter, replace(returned(charge, 1), returns_line=back.line_serial))


@given(
    st.tuples(*[st.integers(0, 10_000)] * 4).map(lambda amounts: Split(*amounts)),
    st.lists(st.integers(0, 12_000), max_size=8),
)
def test_pieces_given_back_never_take_more_of_a_part_than_is_left(charged: Split, wanted: list[int]) -> None:
    remaining = charged
    for want in wanted:
        give = min(want, remaining.total_fen)
        back = split_return(remaining, give)
        remaining = remaining.minus(back)
        assert back.total_fen == give
        assert min(back) >= 0
        assert min(remaining) >= 0
    assert split_return(remaining, remaining.total_fen) == remaining


async def test_lines_are_withdrawn_by_serial_batch_or_altogether(hospital: Hospital, town: Town) -> None:
    encounter = await hospital.visit(await town.person())
    one, two, three = line(1_000, batch="B1"), line(2_000, batch="B1"), line(3_000, batch="B2")
    await hospital.upload(encounter, one, two, three)
    number, code = number_of(encounter), hospital.code

    assert await settlement.withdraw_lines(hospital.db, number, code, line_serials=[one.line_serial]) == 1
    assert await settlement.withdraw_lines(hospital.db, number, code, line_serials=[one.line_serial]) == 0
    assert await settlement.withdraw_lines(hospital.db, number, code, batch="B1") == 1
    assert await settlement.withdraw_lines(hospital.db, number, code) == 1
    assert await settlement.lines_of(hospital.db, number, code) == []


async def test_a_charge_does_not_go_without_its_return(hospital: Hospital, town: Town) -> None:
    encounter = await hospital.admit(await town.person())
    charge = line(3_000)
    back = returned(charge, 1)
    await hospital.upload(encounter, charge, back)
    number, code = number_of(encounter), hospital.code

    with pytest.raises(ReturnRefused, match=back.line_serial):
        await settlement.withdraw_lines(hospital.db, number, code, line_serials=[charge.line_serial])

    both = [charge.line_serial, back.line_serial]
    assert await settlement.withdraw_lines(hospital.db, number, code, line_serials=both) == 2


async def test_settled_lines_stay(hospital: Hospital, town: Town) -> None:
    encounter = await hospital.admit(await town.person())
    charge = line(3_000)
    await hospital.upload(encounter, charge)
    await hospital.settle(hospital.bill(encounter, 3_000))

    with pytest.raises(EncounterClosed):
        await settlement.withdraw_lines(hospital.db, number_of(encounter), hospital.code)
    with pytest.raises(EncounterClosed):
        await hospital.upload(encounter, line(1_000))
    assert (await hospital.upload(encounter, charge))[0].line_serial == charge.line_serial


async def test_an_upload_asks_the_database_four_times_however_long_it_is(hospital: Hospital, town: Town) -> None:
    encounter = await hospital.admit(await town.person())
    await hospital.upload(encounter, line(1_000))  # the driver asks for the types of its arrays once a connection
    await asyncio.sleep(0)
    asked: list[str] = []
    hospital.db.add_query_logger(lambda record: asked.append(record.query))  # type: ignore[attr-defined]

    await hospital.upload(encounter, *(line(1_000) for _ in range(300)))

    await asyncio.sleep(0)  # loggers are called from the event loop, a turn later
    assert len(asked) == 4
