"""Finding people, their insurance, their codes and cards, and what they agreed to."""

from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from tongban.infra.crypto import NotOpened, Vault
from tongban.infra.db import Connection
from tongban.kernel.errors import NotFound
from tongban.kernel.vocabulary import InsuranceType, PersonnelCategory, Relation
from tongban.people import (
    CardLost,
    CredentialKind,
    CredentialNotActivated,
    CredentialReplaced,
    DemoResident,
    GivenConsent,
    MedicalCodeState,
    PaymentState,
    activate_medical_code,
    consent_given,
    consents_of,
    demo_residents,
    enrollments,
    find_by_credential,
    find_by_id_number,
    get_person,
    give_consent,
    kin_of,
    medical_code_state,
    withdraw_consent,
)

pytestmark = pytest.mark.usefixtures("cast")

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)


@pytest.fixture
async def residents(db: Connection, vault: Vault) -> dict[str, DemoResident]:
    return {resident.key: resident for resident in await demo_residents(db, vault)}


async def code_of(db: Connection, vault: Vault, resident: DemoResident) -> str:
    """The number behind their medical code as it is now."""
    return next(each.medical_code for each in await demo_residents(db, vault) if each.key == resident.key)


# --- who --------------------


async def test_a_person_is_found_by_id_number_however_it_is_typed(
    db: Connection, vault: Vault, residents: dict[str, DemoResident]
) -> None:
    wang = residents["wang_xiuying"]
    spaced = f" {wang.id_number[:6]} {wang.id_number[6:14]} {wang.id_number[14:].lower()} "
    found = await find_by_id_number(db, vault, spaced)
    assert found is not None
    assert found == await get_person(db, vault, wang.person_id)
    assert (found.name, found.is_male, found.birth_date) == ("王秀英", False, date(1962, 3, 8))
    assert (found.id_number, found.phone) == (wang.id_number, "19900000001")


async def test_nobody_is_found_by_an_unknown_number(db: Connection, vault: Vault) -> None:
    assert await find_by_id_number(db, vault, "11010519491231002X") is None
    with pytest.raises(NotFound, match="没有找到这位参保人"):
        await get_person(db, vault, 999_999_999_999_999)


async def test_a_person_in_a_log_line_shows_no_number(
    db: Connection, vault: Vault, residents: dict[str, DemoResident]
) -> None:
    wang = await get_person(db, vault, residents["wang_xiuying"].person_id)
    assert wang.id_number not in repr(wang)
    assert wang.phone not in repr(wang)
    assert wang.masked_id == "1401**********0027"
    assert wang.masked_name == "王*英"


async def test_another_installations_keys_find_and_open_nothing(
    db: Connection, residents: dict[str, DemoResident]
) -> None:
    stranger = Vault({1: bytes(range(1, 33))}, bytes(range(33, 65)))
    wang = residents["wang_xiuying"]
    assert await find_by_id_number(db, stranger, wang.id_number) is None
    with pytest.raises(NotOpened):
        await get_person(db, stranger, wang.person_id)


async def test_no_personal_number_stands_in_any_table_in_clear(
    owner_db: Connection, residents: dict[str, DemoResident]
) -> None:
    tables = await owner_db.fetch(
        "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'people'"
    )
    everything = ""
    for (table,) in tables:
        everything += "".join(row[0] for row in await owner_db.fetch(f"select t::text from {table} t"))
    assert "王秀英" in everything  # the names are there, so the search does see the rows
    for resident in residents.values():
        for number in (resident.id_number, resident.card_number, resident.medical_code or "-none-"):
            assert number not in everything
            assert number.encode().hex() not in everything
    assert "1990000000" not in everything


# --- insurance --------------------


async def test_an_enrollment_counts_on_its_first_and_its_last_day(
    db: Connection, residents: dict[str, DemoResident]
) -> None:
    chen = residents["chen_yuhang"].person_id
    assert await enrollments(db, chen, date(2009, 12, 31)) == []
    assert [e.category for e in await enrollments(db, chen, date(2010, 1, 1))] == [PersonnelCategory.MINOR]
    assert [e.category for e in await enrollments(db, chen, date(2017, 7, 29))] == [PersonnelCategory.MINOR]
    assert [e.category for e in await enrollments(db, chen, date(2017, 7, 30))] == [PersonnelCategory.ADULT]


async def test_somebody_may_be_insured_twice_and_has_to_choose(
    db: Connection, residents: dict[str, DemoResident]
) -> None:
    found = await enrollments(db, residents["chen_yuhang"].person_id, TODAY)
    assert [(e.insurance_type, e.pool_code) for e in found] == [
        (InsuranceType.RESIDENT, "141000"),
        (InsuranceType.EMPLOYEE, "140100"),
    ]


async def test_an_employer_in_arrears_shows_in_the_enrollment(
    db: Connection, residents: dict[str, DemoResident]
) -> None:
    (found,) = await enrollments(db, residents["gao_jianjun"].person_id, TODAY)
    assert found.payment_state is PaymentState.ARREARS
    assert found.employer_name


async def test_the_database_refuses_two_enrollments_of_one_type_on_one_day(
    owner_db: Connection, residents: dict[str, DemoResident]
) -> None:
    insert = """
      insert into people.enrollment
        (person_id, enrollment_no, insurance_type, category, pool_code, valid_from, valid_to, payment_state)
      values ($1, 9, $2, $3, '140100', $4, $5, 'paid')"""
    wang = residents["wang_xiuying"].person_id
    with pytest.raises(asyncpg.ExclusionViolationError):
        await owner_db.execute(insert, wang, "resident", "adult", date(2016, 1, 1), date(2017, 1, 1))
    await owner_db.execute(insert, wang, "resident", "adult", date(2016, 1, 1), date(2016, 12, 31))


async def test_the_database_refuses_a_category_of_the_other_insurance(
    owner_db: Connection, residents: dict[str, DemoResident]
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await owner_db.execute(
            """insert into people.enrollment (person_id, enrollment_no, insurance_type, category, pool_code, valid_from,
                 payment_state) values ($1, 9, 'employee', 'elder', '140100', '2026-01-01', 'paid')""",
            residents["wang_xiuying"].person_id,
        )


# --- codes and cards --------------------


async def test_code_and_card_lead_to_the_same_person(
    db: Connection, vault: Vault, residents: dict[str, DemoResident]
) -> None:
    li = residents["li_jing"]
    by_code = await find_by_credential(db, vault, CredentialKind.MEDICAL_CODE, li.medical_code)
    by_card = await find_by_credential(db, vault, CredentialKind.CARD, f" {li.card_number.lower()}")
    assert by_code is not None
    assert by_code == by_card
    assert by_code.person_id == li.person_id


async def test_a_code_is_no_card_and_an_unknown_number_is_nobodys(
    db: Connection, vault: Vault, residents: dict[str, DemoResident]
) -> None:
    assert await find_by_credential(db, vault, CredentialKind.CARD, residents["li_jing"].medical_code) is None
    assert await find_by_credential(db, vault, CredentialKind.CARD, "Z00000000") is None


async def test_a_lost_card_is_refused_while_the_code_goes_on_working(
    db: Connection, owner_db: Connection, vault: Vault, residents: dict[str, DemoResident]
) -> None:
    li = residents["li_jing"]
    await owner_db.execute(
        "update people.credential set state = 'lost' where person_id = $1 and kind = 'card'", li.person_id
    )
    with pytest.raises(CardLost, match="可以出示医保码"):
        await find_by_credential(db, vault, CredentialKind.CARD, li.card_number)
    by_code = await find_by_credential(db, vault, CredentialKind.MEDICAL_CODE, li.medical_code)
    assert by_code is not None
    assert by_code.person_id == li.person_id


async def test_a_new_card_works_once_activated_and_the_old_one_no_more(
    db: Connection, owner_db: Connection, vault: Vault, residents: dict[str, DemoResident]
) -> None:
    li = residents["li_jing"]
    new_hash = vault.index("A99999999", "credential")
    await owner_db.execute(
        "update people.credential set state = 'inactive', number_hash = $2 where person_id = $1 and kind = 'card'",
        li.person_id,
        new_hash,
    )
    await owner_db.execute("insert into people.credential_index values ($1, $2, 'card')", new_hash, li.person_id)
    with pytest.raises(CredentialReplaced, match="换过新卡"):
        await find_by_credential(db, vault, CredentialKind.CARD, li.card_number)
    with pytest.raises(CredentialNotActivated, match="还没有激活"):
        await find_by_credential(db, vault, CredentialKind.CARD, "A99999999")
    await owner_db.execute(
        "update people.credential set state = 'active' where person_id = $1 and kind = 'card'", li.person_id
    )
    found = await find_by_credential(db, vault, CredentialKind.CARD, "A99999999")
    assert found is not None
    assert found.person_id == li.person_id


async def test_a_medical_code_is_activated_once_and_then_found(
    db: Connection, vault: Vault, residents: dict[str, DemoResident]
) -> None:
    zhao = residents["zhao_yumei"]
    assert zhao.medical_code == ""
    assert await medical_code_state(db, zhao.person_id) is MedicalCodeState.INACTIVE
    await activate_medical_code(db, vault, zhao.person_id, NOW)
    number = await code_of(db, vault, zhao)
    await activate_medical_code(db, vault, zhao.person_id, NOW + timedelta(days=1))
    assert await code_of(db, vault, zhao) == number
    assert await medical_code_state(db, zhao.person_id) is MedicalCodeState.ACTIVE
    found = await find_by_credential(db, vault, CredentialKind.MEDICAL_CODE, number)
    assert found is not None
    assert found.person_id == zhao.person_id


async def test_a_code_issued_anew_is_another_number_and_the_old_one_stops(
    db: Connection, owner_db: Connection, vault: Vault, residents: dict[str, DemoResident]
) -> None:
    li = residents["li_jing"]
    await owner_db.execute(
        "update people.credential set state = 'lost' where person_id = $1 and kind = 'medical_code'", li.person_id
    )
    with pytest.raises(CardLost, match="医保码已经挂失"):
        await find_by_credential(db, vault, CredentialKind.MEDICAL_CODE, li.medical_code)
    await activate_medical_code(db, vault, li.person_id, NOW)
    number = await code_of(db, vault, li)
    assert number != li.medical_code
    with pytest.raises(CredentialReplaced):
        await find_by_credential(db, vault, CredentialKind.MEDICAL_CODE, li.medical_code)
    assert await find_by_credential(db, vault, CredentialKind.MEDICAL_CODE, number) is not None


async def test_activating_for_nobody_is_refused(db: Connection, vault: Vault) -> None:
    with pytest.raises(NotFound):
        await activate_medical_code(db, vault, 999_999_999_999_999, NOW)
    assert await medical_code_state(db, 999_999_999_999_999) is MedicalCodeState.NONE


async def test_the_activation_is_in_the_audit_log_once(
    db: Connection, vault: Vault, residents: dict[str, DemoResident]
) -> None:
    zhao = residents["zhao_yumei"].person_id
    for _ in range(2):
        await activate_medical_code(db, vault, zhao, NOW, channel="portal")
    rows = await db.fetch("select actor, action, channel from infra.audit where person_id = $1", zhao)
    assert [tuple(row) for row in rows] == [(f"person:{zhao}", "people.medical_code_activated", "portal")]


# --- consent and family --------------------


async def test_consent_is_given_to_one_version_of_the_text_and_the_first_time_counts(
    db: Connection, residents: dict[str, DemoResident]
) -> None:
    wang = residents["wang_xiuying"].person_id
    assert not await consent_given(db, wang, "2026-11")
    await give_consent(db, wang, "2026-11", "The words.", NOW, "portal")
    await give_consent(db, wang, "2026-11", "The words.", NOW + timedelta(days=1), "portal")
    assert await consent_given(db, wang, "2026-11")
    assert not await consent_given(db, wang, "2026-12")
    assert await consents_of(db, wang) == [GivenConsent("2026-11", NOW, "portal", None)]
    assert await db.fetchval("select text from people.consent_text where text_version = '2026-11'") == "The words."
    assert await db.fetchval("select count(*) from infra.audit where person_id = $1", wang) == 1


async def test_a_consent_is_taken_back_and_may_be_given_again(
    db: Connection, residents: dict[str, DemoResident]
) -> None:
    wang, li = residents["wang_xiuying"].person_id, residents["li_jing"].person_id
    for person_id in (wang, li):
        await give_consent(db, person_id, "2026-11", "The words.", NOW, "portal")
    later = NOW + timedelta(days=2)
    await withdraw_consent(db, wang, later, "portal")
    await withdraw_consent(db, wang, later, "portal")
    assert not await consent_given(db, wang, "2026-11")
    assert await consent_given(db, li, "2026-11")
    again = later + timedelta(days=1)
    await give_consent(db, wang, "2026-11", "The words.", again, "portal")
    assert await consent_given(db, wang, "2026-11")
    assert await consents_of(db, wang) == [
        GivenConsent("2026-11", NOW, "portal", later),
        GivenConsent("2026-11", again, "portal", None),
    ]
    actions = await db.fetch("select action from infra.audit where person_id = $1 order by audit_id", wang)
    assert [row["action"] for row in actions] == [
        "people.consent_given",
        "people.consent_withdrawn",
        "people.consent_given",
    ]


async def test_the_words_of_a_version_never_change(db: Connection, residents: dict[str, DemoResident]) -> None:
    await give_consent(db, residents["wang_xiuying"].person_id, "2026-11", "The words.", NOW, "portal")
    await give_consent(db, residents["li_jing"].person_id, "2026-11", "Other words.", NOW, "portal")
    assert await db.fetchval("select text from people.consent_text") == "The words."
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.execute("update people.consent_text set text = 'x'")


async def test_mother_and_daughter_see_each_other(
    db: Connection, vault: Vault, residents: dict[str, DemoResident]
) -> None:
    mother, daughter = residents["wang_xiuying"], residents["li_jing"]
    (child,) = await kin_of(db, vault, mother.person_id)
    (parent,) = await kin_of(db, vault, daughter.person_id)
    assert (child.kin_id, child.name, child.relation) == (daughter.person_id, "李静", Relation.CHILD)
    assert parent.masked_id == "1401**********0027"
    assert (parent.kin_id, parent.masked_name, parent.relation) == (mother.person_id, "王*英", Relation.PARENT)
    assert await kin_of(db, vault, residents["liu_zhiqiang"].person_id) == []


async def test_a_web_process_may_not_add_or_change_people(db: Connection) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.execute("update people.person set name = 'x'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.execute("delete from people.consent")
