"""The made-up province: the same people every time, plausible ones, and never outside a demo."""

import asyncio
import csv
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tongban.doors.cli.data import load_all
from tongban.doors.cli.demo import CLIENTS_FILE, DataMissing, DemoOnly, app, load_demo
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, connected
from tongban.kernel.dates import age_on
from tongban.kernel.identifiers import parse_resident_id
from tongban.kernel.vocabulary import InsuranceType, PersonnelCategory, Relation
from tongban.people import DEMO_DAY, DemoCity, DemoPerson, PaymentState, demo_cast, demo_province, load_demo_people
from tongban.people.demo_cast import CAST
from tongban.settings import Settings

DATA = Path(__file__).resolve().parents[2] / "data"

INVERSE = {
    Relation.SPOUSE: Relation.SPOUSE,
    Relation.SIBLING: Relation.SIBLING,
    Relation.PARENT: Relation.CHILD,
    Relation.CHILD: Relation.PARENT,
    Relation.GRANDPARENT: Relation.GRANDCHILD,
    Relation.GRANDCHILD: Relation.GRANDPARENT,
    Relation.MATERNAL_GRANDPARENT: Relation.DAUGHTERS_CHILD,
    Relation.DAUGHTERS_CHILD: Relation.MATERNAL_GRANDPARENT,
}


def _table(file_name: str) -> list[dict[str, str]]:
    with (DATA / file_name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def cities() -> list[DemoCity]:
    counties = [row for row in _table("divisions.csv") if row["level"] == "county" and row["kind"] == "statutory"]
    return [
        DemoCity(
            row["city_code"],
            row["city_name"].removesuffix("市"),
            int(row["population_2020"]),
            tuple(county["code"] for county in counties if county["city_code"] == row["city_code"]),
        )
        for row in _table("shanxi_population_2020.csv")
    ]


@pytest.fixture(scope="module")
def province(cities: list[DemoCity]) -> list[DemoPerson]:
    """Enough people for shares to mean something."""
    return list(chain.from_iterable(demo_province(12_000, cities)))


# --- who is made up --------------------


def test_the_same_number_gives_the_same_people_and_fewer_are_the_first_of_more(cities: list[DemoCity]) -> None:
    once = list(chain.from_iterable(demo_province(500, cities)))
    again = list(chain.from_iterable(demo_province(500, cities)))
    fewer = list(chain.from_iterable(demo_province(123, cities)))
    assert once == again
    assert len(fewer) == 123
    assert [person.id_number for person in fewer] == [person.id_number for person in once[:123]]


@pytest.mark.parametrize("number", [0, 1, 7])
def test_exactly_as_many_as_asked_for(cities: list[DemoCity], number: int) -> None:
    assert sum(map(len, demo_province(number, cities))) == number


def test_every_id_number_is_valid_fits_its_holder_and_begins_in_shanxi(province: list[DemoPerson]) -> None:
    counties = {row["code"] for row in _table("divisions.csv") if row["province_code"] == "140000"}
    for person in [*province, *demo_cast()]:
        checked = parse_resident_id(person.id_number, DEMO_DAY)
        assert (checked.birth_date, checked.is_male) == (person.birth_date, person.is_male)
        assert checked.division_code in counties


def test_no_number_is_given_twice(province: list[DemoPerson]) -> None:
    everybody = [*province, *demo_cast()]
    for number in ("person_id", "id_number", "card_number"):
        assert len({getattr(person, number) for person in everybody}) == len(everybody)
    assert all(10**14 <= person.person_id < 10**15 for person in everybody)


def test_cities_are_weighted_by_their_population(province: list[DemoPerson], cities: list[DemoCity]) -> None:
    pools = [person.enrollments[0].pool_code for person in province]
    lives = Counter("140100" if pool == "149900" else pool for pool in pools)  # 省本级 is drawn from 太原
    total = sum(city.population for city in cities)
    for city in cities:
        assert abs(lives[city.pool_code] / len(province) - city.population / total) < 0.02
    assert 0 < pools.count("149900") < 0.01 * len(province)


def test_ages_follow_a_plausible_pyramid(province: list[DemoPerson]) -> None:
    ages = [age_on(person.birth_date, DEMO_DAY) for person in province]

    def share(low: int, high: int) -> float:
        return sum(low <= age <= high for age in ages) / len(ages)

    assert 0.14 < share(0, 14) < 0.22
    assert 0.55 < share(15, 59) < 0.70
    assert 0.15 < share(60, 120) < 0.22
    assert max(ages) < 105
    assert 0.47 < sum(person.is_male for person in province) / len(province) < 0.53


def test_insurance_fits_age_and_only_employees_have_an_account(province: list[DemoPerson]) -> None:
    for person in province:
        (enrollment,) = person.enrollments
        age = age_on(person.birth_date, DEMO_DAY)
        is_employee = enrollment.insurance_type is InsuranceType.EMPLOYEE
        assert (person.account_fen is not None) == is_employee
        assert enrollment.valid_from <= DEMO_DAY
        match enrollment.category:
            case PersonnelCategory.MINOR:
                assert age < 18
            case PersonnelCategory.ADULT:
                assert 18 <= age < 65
            case PersonnelCategory.ELDER:
                assert age >= 65
            case PersonnelCategory.ACTIVE:
                assert 22 <= age < (60 if person.is_male else 55)
            case PersonnelCategory.RETIRED:
                assert age >= (60 if person.is_male else 55)


def test_every_kind_of_case_occurs(province: list[DemoPerson]) -> None:
    assert {person.card_state for person in province} == {"active", "inactive", "lost"}
    assert {person.code_state for person in province} == {"active", "inactive"}
    assert sum(person.code_state == "active" for person in province) > 0.8 * len(province)
    assert {person.enrollments[0].payment_state for person in province} == {PaymentState.PAID, PaymentState.ARREARS}
    assert {relation for person in province for _, relation in person.kin} == set(INVERSE)


def test_family_ties_hold_in_both_directions_and_make_sense(province: list[DemoPerson]) -> None:
    by_id = {person.person_id: person for person in [*province, *demo_cast()]}
    for person in by_id.values():
        for kin_id, relation in person.kin:
            other = by_id[kin_id]
            assert (person.person_id, INVERSE[relation]) in other.kin
            if relation is Relation.CHILD:
                assert age_on(person.birth_date, other.birth_date) >= 18
            if relation is Relation.SPOUSE:
                assert person.is_male != other.is_male


def test_the_cast_covers_the_stories_the_demo_tells() -> None:
    cast = {member.key: member.person for member in CAST}
    assert len(cast) == 9
    assert age_on(cast["wang_xiuying"].birth_date, date(2026, 11, 20)) == 64
    assert cast["zhang_jianguo"].enrollments[0].category is PersonnelCategory.RETIRED
    assert cast["zhao_yumei"].code_state == "inactive"
    assert cast["gao_jianjun"].enrollments[0].payment_state is PaymentState.ARREARS
    assert {p.enrollments[0].pool_code for p in cast.values()} >= {"140100", "140200", "140900"}
    assert all(member.story.endswith("。") for member in CAST)


# --- what is written --------------------


async def test_people_who_are_there_are_not_written_again(
    owner_db: Connection, vault: Vault, cities: list[DemoCity]
) -> None:
    people = list(chain.from_iterable(demo_province(300, cities)))
    assert len(await load_demo_people(owner_db, vault, people)) == 300
    assert await load_demo_people(owner_db, vault, people) == []
    assert await owner_db.fetchval("select count(*) from people.person where is_demo") == 300


async def test_a_family_cut_off_by_a_small_load_is_completed_by_a_larger_one(
    owner_db: Connection, vault: Vault, cities: list[DemoCity]
) -> None:
    family = next(household for household in demo_province(500, cities) if len(household) >= 3)
    await load_demo_people(owner_db, vault, [replace(family[0], kin=())])
    assert len(await load_demo_people(owner_db, vault, family)) == len(family) - 1
    rows = await owner_db.fetch("select person_id, kin_id, relation from people.kin")
    assert {(row["person_id"], row["kin_id"], row["relation"]) for row in rows} == {
        (person.person_id, kin_id, relation) for person in family for kin_id, relation in person.kin
    }


# --- the command --------------------


def _in(settings: Settings, ask: Callable[[Connection], Any]) -> Any:
    async def run() -> Any:
        assert settings.owner_database_url is not None
        async with connected(settings.owner_database_url) as connection:
            return await ask(connection)

    return asyncio.run(run())


def test_the_demo_fills_every_table_and_a_second_run_adds_nothing(settings: Settings) -> None:
    load_all(settings)
    first = load_demo(settings, 400)
    again = load_demo(settings, 400)
    assert first.people_added == 409
    assert (again.people_added, again.accounts_opened, again.institutions_connected) == (0, 0, 0)
    assert again.clients == first.clients
    assert [client.secret for client in again.clients] == [client.secret for client in first.clients]
    assert first.institutions_connected > 400
    employees = "select count(distinct person_id) from people.enrollment where insurance_type = 'employee'"
    accounts = "select count(*) from account.personal_account"
    assert _in(settings, lambda db: db.fetchval(accounts)) == _in(settings, lambda db: db.fetchval(employees))
    assert first.accounts_opened == _in(settings, lambda db: db.fetchval(accounts))
    # Every balance is explained by the ledger.
    assert (
        _in(
            settings,
            lambda db: db.fetchval(
                """select count(*) from account.personal_account a where balance_fen <>
                     (select coalesce(sum(amount_fen), 0) from account.posting p
                      where p.person_id = a.person_id and ledger_account = 'personal:' || a.person_id)"""
            ),
        )
        == 0
    )


def test_a_larger_demo_adds_to_a_smaller_one(settings: Settings) -> None:
    load_all(settings)
    load_demo(settings, 100)
    assert load_demo(settings, 150).people_added == 50


def test_the_hospitals_of_the_stories_get_an_account_and_keep_their_secret(settings: Settings) -> None:
    load_all(settings)
    loaded = load_demo(settings, 0)
    assert [client.account for client in loaded.clients] == ["demo-beijing", "demo-taiyuan", "demo-datong"]
    assert "北京协和医院" in loaded.clients[0].institution_name
    path = settings.var_dir / CLIENTS_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    written = json.loads(path.read_text(encoding="utf-8"))
    assert [entry["secret"] for entry in written] == [client.secret for client in loaded.clients]
    stored = _in(settings, lambda db: db.fetch("select client_account, secret_enc, is_demo from gateway.client"))
    secrets = {client.account: client.secret for client in loaded.clients}
    for row in stored:
        assert row["is_demo"]
        assert secrets[row["client_account"]].encode() not in row["secret_enc"]
        assert Vault.from_settings(settings).open(row["secret_enc"], "gateway.secret") == secrets[row["client_account"]]
    assert all(secret not in repr(loaded) for secret in secrets.values())


def test_without_reference_tables_the_demo_says_what_to_do(settings: Settings) -> None:
    with pytest.raises(DataMissing, match="tongban data load"):
        load_demo(settings, 10)


def test_outside_the_demo_nothing_is_loaded(settings: Settings) -> None:
    with pytest.raises(DemoOnly, match="只能装进演示环境"):
        load_demo(replace(settings, is_demo=False), 10)


def test_the_command_refuses_outside_the_demo(settings: Settings, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["load", "--people", "5"], env={"TONGBAN_VAR": str(tmp_path / "other"), "TONGBAN_DEMO": "0"}
    )
    assert isinstance(result.exception, DemoOnly)
    assert _in(settings, lambda db: db.fetchval("select count(*) from people.person")) == 0


def test_no_id_number_of_the_demo_stands_anywhere_in_the_database(settings: Settings, cities: list[DemoCity]) -> None:
    load_all(settings)
    load_demo(settings, 60)
    people = [*demo_cast(), *chain.from_iterable(demo_province(60, cities))]

    async def text_of_everything(db: Connection) -> str:
        tables = await db.fetch(
            """select format('%I.%I', schemaname, tablename) from pg_tables
               where schemaname not in ('pg_catalog', 'information_schema', 'directory')"""
        )
        return "".join([row[0] for (table,) in tables for row in await db.fetch(f"select t::text from {table} t")])

    everything = _in(settings, text_of_everything)
    assert all(person.name in everything for person in people)
    for person in people:
        assert person.id_number not in everything
        assert person.card_number not in everything
