"""Loading: clean, repeatable, and honest about what it left out."""

import csv
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tongban.directory import HOSPITAL_LEVELS, LoadReport, connect_for_demo, load_directory
from tongban.directory.rules import NamedPlace, institution_codes
from tongban.doors.cli.data import app, load_all
from tongban.infra.db import Connection
from tongban.settings import Settings

DATA = Path(__file__).resolve().parents[2] / "data"
NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)

TABLES = ("pooling_region", "division", "agency_phone", "institution", "chronic_disease", "catalog_item")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped files that a test may spoil."""
    return shutil.copytree(DATA, tmp_path / "data")


def cut(folder: Path, file_name: str, rows: int) -> None:
    """Keep the header and the first rows, so that a test is quick."""
    lines = (folder / file_name).read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / file_name).write_text("".join(lines[: rows + 1]), encoding="utf-8")


def append(folder: Path, file_name: str, line: str) -> int:
    """Add a line and return its number."""
    path = folder / file_name
    text = path.read_text(encoding="utf-8") + line + "\n"
    path.write_text(text, encoding="utf-8")
    return text.count("\n")


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def problems_of(report: LoadReport, file_name: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.sentence) for problem in report.problems if problem.file_name == file_name]


async def counts(db: Connection) -> dict[str, int]:
    return {table: await db.fetchval(f"select count(*) from directory.{table}") for table in TABLES}


# --- the shipped files --------------------


def test_the_shipped_files_load_without_a_complaint(loaded: tuple[str, LoadReport]) -> None:
    assert loaded[1].problems == []
    records = {file.file_name: file.records for file in loaded[1].files}
    assert records == {
        "pooling_regions.csv": 336,
        "divisions.csv": 3355,
        "agencies.csv": 20,
        "institutions.csv": 2275,
        "chronic_diseases.csv": 57,
        "drug_catalog.csv": 2 * (1148 - 37),
        "service_items.csv": 601,
    }


def test_what_is_left_out_on_purpose_is_said(loaded: tuple[str, LoadReport]) -> None:
    notes = "\n".join(note for file in loaded[1].files for note in file.notes)
    assert "37 种药品没有先行自付比例" in notes
    assert "4547 家外省医院不知道等级" in notes


async def test_loading_again_changes_nothing(owner_db: Connection) -> None:
    first = await load_directory(owner_db, DATA, now=NOW)
    before = await counts(owner_db)
    again = await load_directory(owner_db, DATA, now=NOW)
    assert not any(file.is_unchanged for file in first.files)
    assert all(file.is_unchanged and file.changed == 0 for file in again.files)
    assert await counts(owner_db) == before


async def test_without_the_register_the_same_rows_are_still_no_change(owner_db: Connection) -> None:
    await load_directory(owner_db, DATA, now=NOW)
    await owner_db.execute("delete from directory.loaded_file")
    again = await load_directory(owner_db, DATA, now=NOW)
    assert [file.changed for file in again.files] == [0] * len(again.files)


async def test_only_the_row_that_changed_is_written(owner_db: Connection, folder: Path) -> None:
    await load_directory(owner_db, folder, now=NOW)
    replace_in(folder / "agencies.csv", "0351-2377283", "0351-2377284")
    again = await load_directory(owner_db, folder, now=NOW)
    assert {file.file_name: file.changed for file in again.files if not file.is_unchanged} == {"agencies.csv": 1}
    assert (
        await owner_db.fetchval("select phone from directory.agency_phone where pool_code = '140100'") == "0351-2377284"
    )


async def test_a_file_is_loaded_again_when_one_it_is_made_with_changed(owner_db: Connection, folder: Path) -> None:
    await load_directory(owner_db, folder, now=NOW)
    replace_in(folder / "divisions.csv", "清徐县", "清徐区")
    again = await load_directory(owner_db, folder, now=NOW)
    assert {file.file_name for file in again.files if not file.is_unchanged} == {"divisions.csv", "institutions.csv"}
    assert not await owner_db.fetchval(
        "select bool_or(in_county) from directory.institution where county_code = '140121'"
    )


async def test_a_dry_run_reports_and_writes_nothing(owner_db: Connection) -> None:
    report = await load_directory(owner_db, DATA, now=NOW, is_dry_run=True)
    assert sum(file.changed for file in report.files) > 8000
    assert set((await counts(owner_db)).values()) == {0}
    assert await owner_db.fetchval("select count(*) from directory.loaded_file") == 0


async def test_connection_marks_survive_a_new_load(owner_db: Connection, folder: Path) -> None:
    await load_directory(owner_db, folder, now=NOW)
    marked = await connect_for_demo(owner_db)
    path = folder / "institutions.csv"
    path.write_text(
        path.read_text(encoding="utf-8").replace("太原市第四人民医院,", "太原市第四医院,"), encoding="utf-8"
    )
    await load_directory(owner_db, folder, now=NOW)
    assert marked == await owner_db.fetchval("select count(*) from directory.institution where settles_inpatient")
    # Under its new name the hospital is one that nobody has called connected yet.
    assert not await owner_db.fetchval(
        "select settles_inpatient from directory.institution where name = '太原市第四医院'"
    )


async def test_progress_reaches_the_end_of_every_file(owner_db: Connection) -> None:
    seen: dict[str, tuple[int, int]] = {}
    await load_directory(owner_db, DATA, now=NOW, on_progress=lambda zh, done, total: seen.update({zh: (done, total)}))
    assert len(seen) == 7
    assert all(done == total > 0 for done, total in seen.values())


async def test_the_web_role_may_not_load(db: Connection) -> None:
    with pytest.raises(Exception, match="permission denied"):
        await db.execute("insert into directory.loaded_file values ('x', 'y', 1, now())")


# --- bad rows --------------------

BAD_ROWS = [
    ("pooling_regions.csv", "1401,太原,140000,山西省,city,就医备案到市级,,", "pool_code 应该是 6 位数字，现在是“1401”"),
    ("pooling_regions.csv", "147700,某市,140000,山西省,city,随便,,", "filing_rule 的值“随便”不认识"),
    ("pooling_regions.csv", "140100,太原市,140000,山西省,city,就医备案到市级,,", "140100 与第 15 行重复"),
    ("divisions.csv", "147701,某县,county,147700,140000,147700,山西省某县,statutory,x", "上级区划 147700 不在表里"),
    ("divisions.csv", "147701,某县,town,140100,140000,140100,山西省某县,statutory,x", "level 的值“town”不认识"),
    ("divisions.csv", "147701,,county,140100,140000,140100,山西省某县,statutory,x", "name 没有填"),
    ("agencies.csv", "99,某地,990000,1,0351-1,热线,x", "region_code 990000 不是统筹区"),
    ("agencies.csv", "99,太原市,140100,一,0351-1,热线,x", "phone_no 应该是最多 5 位的整数，现在是“一”"),
    ("agencies.csv", "99,太原市,140100", "应该有 7 列，这一行有 3 列"),
    ("institutions.csv", ",某医院,,99,综合,140000,140100,,,,x", "hosp_lv 的值“99”不认识"),
    ("institutions.csv", ",某医院,,02,综合,140000,147700,,,,x", "city_code 147700 不在区划表里"),
    ("institutions.csv", ",某医院,,02,综合,140000,,,,,x", "140000 不属于任何统筹区"),
    ("institutions.csv", "H1,某医院,,02,综合,140000,140100,,,,x", "national_code 应该是 H 或 P"),
    ("institutions.csv", ",山西省人民医院,,02,综合,140000,140100,,,,x", "山西省人民医院、140100 与第"),
    ("chronic_diseases.csv", "M99999,某病,,Y,,,,seen,x", "要么都填，要么都不填"),
    ("drug_catalog.csv", "XX,某药,片,1片,盒,1,01,1.5,,09,,,,", "pre_selfpay_ratio 应该是 0 到 1"),
    ("drug_catalog.csv", "XX,某药,片,1片,盒,1,01,nan,,09,,,,", "pre_selfpay_ratio 应该是 0 到 1"),
    ("drug_catalog.csv", "XX,某药,片,1片,盒,1,09,0.1,,09,,,,", "chrgitm_lv 的值“09”不认识"),
    ("service_class_rules.csv", "9999,,c,1000,x", "丙类应该是 10000"),
    ("service_items.csv", "001102000010000,普通门诊诊查费,1102,诊查,诊查费", "001102000010000 与第 4 行重复"),
]


async def test_bad_rows_are_named_by_file_and_line_and_the_rest_goes_on(owner_db: Connection, folder: Path) -> None:
    expected = [(file_name, append(folder, file_name, line), says) for file_name, line, says in BAD_ROWS]
    report = await load_directory(owner_db, folder, now=NOW)
    assert [(p.file_name, p.line) for p in report.problems] == [(name, number) for name, number, _ in expected]
    for problem, (file_name, number, says) in zip(report.problems, expected, strict=True):
        assert says in problem.sentence
        assert str(problem).startswith(f"{file_name} 第 {number} 行：")
    assert await counts(owner_db) == {
        "pooling_region": 336,
        "division": 3355,
        "agency_phone": 20,
        "institution": 2275,
        "chronic_disease": 57,
        "catalog_item": 2222 + 601,
    }


async def test_bytes_that_are_no_utf8_cost_only_their_own_row(owner_db: Connection, folder: Path) -> None:
    path = folder / "agencies.csv"
    path.write_bytes(path.read_bytes() + "99,太原市,140100,9,0351-1,热线,x\n".encode("gbk"))
    report = await load_directory(owner_db, folder, now=NOW)
    assert problems_of(report, "agencies.csv") == [(22, "有无法识别的字符，文件应该用 UTF-8 保存")]
    assert await owner_db.fetchval("select count(*) from directory.agency_phone") == 20


async def test_a_field_over_two_lines_does_not_shift_the_line_numbers(owner_db: Connection, folder: Path) -> None:
    append(folder, "agencies.csv", '99,太原市,140100,8,0351-1,"两行\n的名字",x')
    number = append(folder, "agencies.csv", "99,太原市,140100,x,0351-1,热线,x")
    report = await load_directory(owner_db, folder, now=NOW)
    assert number == 24
    assert [line for line, _ in problems_of(report, "agencies.csv")] == [24]


async def test_the_complaint_comes_back_until_the_file_is_mended(owner_db: Connection, folder: Path) -> None:
    number = append(folder, "agencies.csv", "99,太原市,140100")
    for _ in range(2):
        report = await load_directory(owner_db, folder, now=NOW)
        assert [line for line, _ in problems_of(report, "agencies.csv")] == [number]
    shutil.copy(DATA / "agencies.csv", folder / "agencies.csv")
    assert (await load_directory(owner_db, folder, now=NOW)).problems == []


async def test_a_missing_file_and_a_missing_column_are_said(owner_db: Connection, folder: Path) -> None:
    (folder / "agencies.csv").unlink()
    replace_in(folder / "chronic_diseases.csv", "major_code", "major")
    report = await load_directory(owner_db, folder, now=NOW)
    assert problems_of(report, "agencies.csv") == [(0, "没有找到这个文件")]
    assert problems_of(report, "chronic_diseases.csv") == [(1, "表头缺少这些列：major_code")]


async def test_a_family_of_divisions_without_its_head_is_left_out_whole(owner_db: Connection, folder: Path) -> None:
    cut(folder, "divisions.csv", 0)
    first = append(folder, "divisions.csv", "140100,太原市,city,140000,140000,140100,山西省太原市,statutory,x")
    append(folder, "divisions.csv", "140105,小店区,county,140100,140000,140100,山西省太原市小店区,statutory,x")
    report = await load_directory(owner_db, folder, now=NOW)
    assert [line for line, _ in problems_of(report, "divisions.csv")] == [first, first + 1]


# --- the command --------------------


def _environment(settings: Settings) -> dict[str, str]:
    assert settings.database_url is not None
    assert settings.owner_database_url is not None
    return {
        "TONGBAN_VAR": str(settings.var_dir),
        "TONGBAN_DEMO": "1",
        "DATABASE_URL": settings.database_url,
        "TONGBAN_OWNER_DATABASE_URL": settings.owner_database_url,
    }


def test_the_command_ends_with_one_when_rows_were_bad(settings: Settings, folder: Path) -> None:
    append(folder, "agencies.csv", "99,太原市,140100")
    result = CliRunner().invoke(app, ["load", "--dir", str(folder)], env=_environment(settings))
    assert result.exit_code == 1
    assert "agencies.csv 第 22 行：应该有 7 列，这一行有 3 列" in result.output
    assert "有 1 行有问题" in result.output


def test_the_command_ends_with_zero_when_all_is_well_and_skips_what_is_loaded(settings: Settings) -> None:
    load_all(settings)
    result = CliRunner().invoke(app, ["load"], env=_environment(settings))
    assert result.exit_code == 0
    assert result.output.count("没有变化，跳过") == 7


# --- institution codes --------------------


def test_a_code_does_not_depend_on_order_or_on_other_rows() -> None:
    places = [NamedPlace("140105", f"第{n}医院") for n in range(200)] + [NamedPlace("140106", "第1医院")]
    codes = institution_codes(places)
    assert codes == institution_codes(reversed(places))
    alone = institution_codes([places[7]])
    assert alone[places[7]] == codes[places[7]]
    assert all(re.fullmatch(r"H\d{11}", code) for code in codes.values())
    assert all(code[1:7] == place.division_code for place, code in codes.items())


def test_names_that_meet_on_one_number_get_two() -> None:
    # More names than a hash into five digits can keep apart: some must meet.
    places = [NamedPlace("140105", f"医院{n}") for n in range(3000)]
    assert len(set(institution_codes(places).values())) == 3000


def test_a_known_code_is_never_given_to_another() -> None:
    place = NamedPlace("140105", "某医院")
    first = institution_codes([place])[place]
    assert institution_codes([place], taken={first})[place] != first


def test_hospital_levels_are_those_of_the_national_dictionary() -> None:
    with (DATA / "hi_code_dictionary.csv").open(encoding="utf-8", newline="") as lines:
        known = {row["code"] for row in csv.DictReader(lines) if row["field"] == "hosp_lv"}
    assert set(HOSPITAL_LEVELS) == known | {""}
