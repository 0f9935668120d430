"""What an official reads: gaps in lines, the contradictions with what holds where, the notice for a citizen."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tongban.law import Pack, load_pack
from tongban.law.keys import NAMES_ZH, is_possible, keys_zh, possible_keys, word_zh
from tongban.law.parameters import KEY_WORDS
from tongban.law.report import Gap, Hole, HoleLine, conflict_notice, conflicts, gaps, hole_lines, holes
from tongban.law.tables import TABLES

Spoil = Callable[[str, str, str], Path]
DAY = date(2026, 11, 22)


def of(lines: tuple[Gap, ...], subject: str) -> list[Gap]:
    return [line for line in lines if line.subject == subject]


# -- possible keys and their names ------------------------------------------------------------------------------------


def test_every_key_and_word_has_a_chinese_name() -> None:
    words = {(name, word) for name, all_words in KEY_WORDS.items() for word in all_words}
    words |= {
        (name, word) for table in TABLES.values() for name, all_words in table.inputs.items() for word in all_words
    }
    not_keys = {"paper"}  # only members of lists
    assert {name for name, _ in words if not re.search("[一-鿿]", NAMES_ZH.get(name, ""))} == not_keys
    assert [pair for pair in words if not re.search("[一-鿿]", word_zh(*pair))] == []


@pytest.mark.parametrize(
    ("key", "is_so"),
    [
        (("employee", "active"), True),
        (("employee", "adult"), False),
        (("resident", "elder"), True),
        (("resident", "retired"), False),
    ],
)
def test_categories_belong_to_an_insurance(key: tuple[str, ...], is_so: bool) -> None:
    assert is_possible(("insurance_type", "category"), key) is is_so


@pytest.mark.parametrize(
    ("key", "is_so"),
    [
        (("employee", "same_pool", "home"), True),
        (("employee", "same_pool", "referral"), False),
        (("employee", "in_province", "home"), False),
        (("employee", "in_province", "own_choice"), True),
        (("resident", "in_province", "home"), True),
        (("resident", "in_province", "referral"), False),
        (("resident", "cross_province", "home"), False),
        (("resident", "cross_province", "emergency"), True),
    ],
)
def test_ways_belong_to_a_place(key: tuple[str, ...], is_so: bool) -> None:
    assert is_possible(("insurance_type", "locality", "path"), key) is is_so


def test_nobody_files_for_home_and_critical_illness_is_the_residents() -> None:
    assert {locality for _, locality in possible_keys(("filing_kind", "locality"))} == {"in_province", "cross_province"}
    assert possible_keys(("insurance_type",), "critical_illness_rate") == (("resident",),)


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ([("employee", "active", "class_1")], "职工医保：在职 × 一类"),
        (
            [("employee", who, price) for who in ("active", "retired") for price in KEY_WORDS["price_class"]],
            "职工医保：在职、退休 × 全部医院类别",
        ),
        (
            [("employee", "active", "class_1"), ("resident", "adult", "class_3")],
            "职工医保：在职 × 一类；居民医保：成年居民 × 三类及以下",
        ),
        (
            [key for key in possible_keys(("insurance_type", "category", "price_class")) if key[2] == "class_1"],
            "职工医保、居民医保：全部人员类别 × 一类",
        ),
        (list(possible_keys(("insurance_type", "category", "price_class"))), "全部"),
    ],
)
def test_many_keys_are_told_in_one_line(keys: list[tuple[str, ...]], line: str) -> None:
    names = ("insurance_type", "category", "price_class")
    assert keys_zh(names, keys, possible_keys(names)) == line


# -- gaps -------------------------------------------------------------------------------------------------------------


def test_what_the_whole_province_lacks_is_one_line(pack: Pack) -> None:
    (line,) = of(gaps(pack, DAY), "outpatient_adjustment")
    assert (line.region, line.region_zh, len(line.pools)) == ("140000", "山西省", 12)
    assert line.keys_zh == "职工医保：省内异地 × 转诊、急诊抢救、没有转诊"
    assert (line.why, line.since, line.is_declared) == (
        "职工临时到省内外市看门诊报多少，没有查到，不当成不降。",
        None,
        True,
    )
    assert line.ask == "山西省医疗保险管理服务中心"


def test_what_some_pools_lack_names_them(pack: Pack) -> None:
    (line,) = of(gaps(pack, DAY), "inpatient_deductible")
    assert line.region_zh == "长治市、晋中市、临汾市、山西省本级、忻州市"
    assert line.keys_zh == "职工医保：全部医院类别"
    assert set(line.pools) == {"140400", "140700", "141000", "149900", "140900"}


def test_a_rate_for_the_very_way_fills_the_gap_of_its_points(pack: Pack) -> None:
    """大同 gives active employees rates for the very way elsewhere, so it lacks the points of the retired only."""
    told = {pool: [] for pool in ("140200", "140400")}
    for line in of(gaps(pack, DAY), "inpatient_adjustment"):
        for pool in told.keys() & set(line.pools):
            told[pool].append(line.keys_zh)
    assert told["140200"] == ["职工医保：退休 × 省内异地、跨省 × 转诊、急诊抢救、没有转诊"]
    # Where neither is given, the line speaks in the words of the points alone.
    assert sorted(told["140400"]) == [
        "职工医保：省内异地 × 急诊抢救",
        "职工医保：省内异地 × 转诊、没有转诊",
        "职工医保：跨省 × 急诊抢救",
        "职工医保：跨省 × 转诊、没有转诊",
    ]


def test_a_value_that_ended_is_missing_since_then(spoil: Spoil) -> None:
    folder = spoil(
        "shanxi/residents_inpatient.yaml",
        "    from: 2025-01-01\n    table: {resident: 70_000_00}",
        "    from: 2025-01-01\n    to: 2026-06-30\n    table: {resident: 70_000_00}",
    )
    made = load_pack(folder)
    assert [line.since for line in of(gaps(made, DAY), "inpatient_ceiling") if "居民" in line.keys_zh] == [
        date(2026, 7, 1)
    ]
    assert not [line for line in of(gaps(made, date(2026, 6, 30)), "inpatient_ceiling") if "居民" in line.keys_zh]
    (undeclared,) = [line for line in gaps(made, DAY) if not line.is_declared]
    assert (undeclared.subject, undeclared.why) == ("inpatient_ceiling", "还没有写明为什么没有。")


def test_the_nearest_reason_is_told(spoil: Spoil) -> None:
    folder = spoil(
        "shanxi/linfen/scope.yaml",
        "level: pool",
        "level: pool",
    )
    (folder / "shanxi/linfen/gaps.yaml").write_text(
        "gaps:\n  - parameter: inpatient_ceiling\n    when: {insurance_type: employee}\n    why: 临汾说正在修订。\n",
        encoding="utf-8",
    )
    lines = {line.region_zh: line.why for line in of(gaps(load_pack(folder), DAY), "inpatient_ceiling")}
    assert lines.pop("临汾市") == "临汾说正在修订。"
    assert list(lines) == ["长治市、晋中市、山西省本级、忻州市"]


def test_an_undetermined_row_is_a_gap_with_its_own_words(pack: Pack) -> None:
    lines = of(gaps(pack, DAY), "price_class")
    assert ("三级丙等", "三级丙等属于第几类，没有查到规定。") in [(line.keys_zh, line.why) for line in lines]
    assert not any("{" in line.why for line in gaps(pack, DAY))


def test_topics_are_told_while_they_last(pack: Pack) -> None:
    told = {line.zh for line in gaps(pack, DAY) if line.kind == "topic"}
    assert "职工大额医疗费用补助" in told
    assert {line.keys_zh for line in gaps(pack, DAY) if line.kind == "topic"} == {""}


def test_every_gap_of_the_product_has_a_reason(pack: Pack) -> None:
    for day in (date(2020, 1, 1), date(2023, 6, 1), date(2025, 3, 30), date(2025, 3, 31), DAY):
        assert [line for line in gaps(pack, day) if not line.is_declared] == []


# -- holes ------------------------------------------------------------------------------------------------------------


def test_a_hole_names_key_days_and_reading(spoil: Spoil) -> None:
    folder = spoil(
        "shanxi/residents_inpatient.yaml",
        "table: {resident: {later: 0}}",
        "to: 2027-12-31\n    table: {resident: {later: 0}}",
    )
    (hole,) = holes(load_pack(folder), date(2026, 1, 1), date(2028, 6, 30))[:1]
    assert hole == Hole(
        region="140000",
        subject="inpatient_repeat_deductible",
        key=("resident", "later"),
        since=date(2028, 1, 1),
        until=date(2028, 6, 30),
        reading="I-26: none",
        what="nothing",
    )


def test_a_kind_somebody_is_offered_needs_its_terms(spoil: Spoil) -> None:
    folder = spoil(
        "shanxi/gaps.yaml",
        "  - parameter: filing_months_valid\n    when: {filing_kind: self_employed_worker}",
        "  - topic: 灵活就业",
    )
    found = {(hole.subject, hole.key[0], hole.reading) for hole in holes(load_pack(folder), DAY, DAY)}
    assert ("filing_months_valid", "self_employed_worker", "I-9: with_self_employed") in found
    assert {key for _, key, reading in found if reading} == {"self_employed_worker"}


def test_holes_are_told_key_by_key_in_one_line(spoil: Spoil) -> None:
    name = "shanxi/gaps.yaml"
    folder = spoil(
        name, "path: [referral, emergency, own_choice]}\n    why: 省医保局", "path: [emergency]}\n    why: 省医保局"
    )
    lines = hole_lines(load_pack(folder), holes(load_pack(folder), date(2019, 1, 1), date(2029, 12, 31)))
    # Broken by no turn of the years between: one hole from the first day to the last.
    assert lines[0] == HoleLine(
        "山西省",
        "inpatient_adjustment",
        "异地住院加减的百分点",
        "职工医保：省内异地 × 转诊、没有转诊",
        date(2019, 1, 1),
        date(2029, 12, 31),
        "",
        "nothing",
    )
    assert {line.subject for line in lines} == {"inpatient_adjustment"}


# -- contradictions ---------------------------------------------------------------------------------------------------


def test_every_contradiction_is_told_with_what_holds_where(spoil: Spoil) -> None:
    made = load_pack(spoil("shanxi/datong/scope.yaml", "level: pool", "level: pool\nchoices: {I-1: file_first}"))
    lines = {line.id: line for line in conflicts(made)}
    assert list(lines) == list(made.conflicts)
    line = lines["I-1"]
    assert line.default.id == "deemed"
    assert {reading.id: reading.chosen_by for reading in line.readings} == {"deemed": (), "file_first": ("大同市",)}
    assert line.readings[0].sources[0].title.startswith("《山西省“就医费用报销一件事”办事指南》")
    assert (line.is_switch, line.is_settled) == (True, False)


def test_a_review_is_due_on_its_day(pack: Pack) -> None:
    line = next(line for line in conflicts(pack) if not line.is_settled)
    before = date.fromordinal(line.review_on.toordinal() - 1)
    assert (line.is_due(before), line.is_due(line.review_on)) == (False, True)
    settled = [line for line in conflicts(pack) if line.is_settled]
    assert settled != []
    assert not any(line.is_due(date(2099, 1, 1)) or line.is_switch for line in settled)


def test_a_citizen_is_told_what_the_sources_differ_on(spoil: Spoil) -> None:
    made = load_pack(spoil("shanxi/datong/scope.yaml", "level: pool", "level: pool\nchoices: {I-1: file_first}"))
    assert conflict_notice(made, "140100", "I-1") == (
        "来源说法不一：跨省去看病，不是急诊也没有转诊，要不要先备案。这里用的是“视同已备案，可以直接去”。"
        + made.conflicts["I-1"].why
    )
    assert conflict_notice(made, "140200", "I-1").endswith("这里用的是“先备案，再直接结算”。这是大同市选定的。")
    assert conflict_notice(made, "140100", "R-1").startswith("文件没有写明：")
    assert conflict_notice(made, "140100", "") == ""
    assert conflict_notice(made, "140100", "I-99") == "这一条的来源说法不一。怎么定的，请问参保地医保经办机构。"
