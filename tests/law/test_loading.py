"""Bad policies are refused whole, and the message says which file, which key, which day."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tongban.law import Pack, PolicyError, load_pack

Spoil = Callable[[str, str, str], Path]
RESIDENTS = "shanxi/residents_inpatient.yaml"
FILING = "shanxi/filing.yaml"


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        pytest.param(
            RESIDENTS,
            "class_1: 1000_00",
            "class_1: 1000.5",
            f"{RESIDENTS}: inpatient_deductible 2025-01-01：resident、class_1 要写成整数（单位 fen）",
            id="money that is no whole fen",
        ),
        pytest.param(
            RESIDENTS,
            "class_1: 1000_00",
            "class_9: 1000_00",
            "inpatient_deductible 2025-01-01：“class_9”不是 price_class",
            id="a key that does not exist",
        ),
        pytest.param(
            RESIDENTS,
            "class_1: 1000_00",
            "class_1: -1",
            "resident、class_1 写了 -1，超出 0 到",
            id="a negative amount",
        ),
        pytest.param(
            RESIDENTS,
            "referral: -500",
            "referral: -50000",
            "resident、cross_province、referral 写了 -50000，超出 -10000 到 10000",
            id="more points than there are",
        ),
        pytest.param(
            RESIDENTS,
            "any: {class_1: 6000",
            "any: {class_1: -6000",
            "inpatient_rate 2025-01-01：resident、active、class_1 写了 -6000，超出 0 到 10000",
            id="a rate below nothing",
        ),
        pytest.param(
            "shanxi/datong/scope.yaml",
            '"140200"',
            '"1402"',
            "region 要写六位数字（加引号），现在是“1402”",
            id="half a code",
        ),
        pytest.param(
            RESIDENTS,
            "    from: 2025-01-01\n",
            "    from: 2025-13-01\n",
            "shanxi/residents_inpatient.yaml：读不懂",
            id="a day that is not in the calendar",
        ),
        pytest.param(
            RESIDENTS,
            "    from: 2025-01-01\n",
            "",
            "inpatient_deductible None：缺少日期 from",
            id="no date",
        ),
        pytest.param(
            RESIDENTS,
            "    sources: [{id: shanxi-residents-2025-pages}, {id: taiyuan-residents-2023}]\n    confidence: secondary",
            "    confidence: secondary",
            "inpatient_deductible 2025-01-01：标了 secondary，却没有写来源",
            id="a number without a source",
        ),
        pytest.param(
            RESIDENTS,
            "{id: shanxi-residents-2025-pages}",
            "{id: hearsay}",
            "inpatient_deductible 2025-01-01：来源 hearsay 没有登记",
            id="a source that is not registered",
        ),
        pytest.param(
            RESIDENTS,
            "confidence: secondary",
            "confidence: official",
            "inpatient_deductible 2025-01-01：标了 official，写的来源没有一个有这么可靠",
            id="a web page passed off as official",
        ),
        pytest.param(
            FILING,
            "{id: shanxi-outpatient-page-2025, article: 第3条}]\n        confidence: secondary",
            "{id: shanxi-outpatient-page-2025, article: 第3条}]\n        confidence: official",
            "表 filing 2025-03-31: 行 F-11：标了 official，写的来源没有一个有这么可靠",
            id="a row that claims more than its source",
        ),
        pytest.param(
            "shanxi/filing_terms.yaml",
            "    scopes: [inpatient, outpatient, chronic]\n",
            "    scopes: [inpatient, outpatient, chronic]\n    materials: []\n",
            "settled_retiree 2025-03-31：materials 的日期和另一条重叠：2025-03-31 起与 2025-03-31 起",
            id="the papers of a kind told twice",
        ),
        pytest.param(
            RESIDENTS,
            "confidence: secondary",
            "confidence: certain",
            "confidence 写了“certain”，只能是",
            id="a confidence that does not exist",
        ),
        pytest.param(
            RESIDENTS, "    note: 没有官方文本", "    remark: 没有官方文本", "不认识的键 remark", id="a misspelt key"
        ),
        pytest.param(
            RESIDENTS,
            "parameter: inpatient_deductible",
            "parameter: inpatient_deductable",
            "没有参数 inpatient_deductable",
            id="a parameter nobody reads",
        ),
        pytest.param(
            RESIDENTS,
            "reading: halved",
            "reading: quartered",
            "冲突 I-26 没有“quartered”这种读法",
            id="no such reading",
        ),
        pytest.param(
            RESIDENTS,
            "    conflict: I-26\n    reading: none",
            "    conflict: I-26",
            "resident、later 的日期和另一条重叠：2025-01-01 起与 2025-01-01 起",
            id="a value that holds under every reading beside one that does not",
        ),
        pytest.param(
            RESIDENTS,
            "    conflict: I-26\n    reading: none",
            "    conflict: I-26\n    reading: halved",
            "resident、later 的日期和另一条重叠：2025-01-01 起与 2025-01-01 起",
            id="two values for one day",
        ),
        pytest.param(
            "shanxi/residents_outpatient.yaml",
            "    to: 2023-12-31\n    table: {resident: {any: 250_00}}",
            "    to: 2024-01-01\n    table: {resident: {any: 250_00}}",
            "outpatient_ceiling 2024-01-01：resident、active 的日期和另一条重叠：2024-01-01 起与 2023-01-01 起",
            id="an end that runs into the next beginning",
        ),
        pytest.param(
            "shanxi/residents_outpatient.yaml",
            "    to: 2023-12-31\n    table: {resident: {any: 250_00}}",
            "    to: 2022-12-31\n    table: {resident: {any: 250_00}}",
            "到 2022-12-31 止，比 2023-01-01 起还早",
            id="an end before the beginning",
        ),
        pytest.param(
            "shanxi/residents_outpatient.yaml",
            "{resident: {any: 250_00}}",
            "{resident: {any: 250_00, adult: 260_00}}",
            "resident 下面写了 any，就不能再写别的",
            id="any beside a word",
        ),
        pytest.param(
            FILING,
            "when: {insurance_type: resident, locality: in_province, care: inpatient}",
            "when: {insurance_type: resident, locality: in_province, care: inpatient, situation: referral}",
            "表 filing 2025-03-31：resident、in_province、long_term、inpatient（2025-03-31 起）：没有一行说到",
            id="a hole in the table",
        ),
        pytest.param(
            FILING,
            "when: {locality: cross_province, care: inpatient, situation: long_term}",
            "when: {care: inpatient, situation: long_term}",
            "resident、same_pool、long_term、inpatient（2025-03-31 起）：同时落在 2 行：F-01、F-07",
            id="an overlap in the table",
        ),
        pytest.param(
            FILING,
            "when: {locality: same_pool, care: chronic}",
            "when: {locality: same_pool, care: chronic}\n        to: 2026-06-30",
            "resident、same_pool、long_term、chronic（2026-07-01 起）：没有一行说到",
            id="a hole that opens later",
        ),
        pytest.param(
            FILING,
            "        reading: file_first\n\n      # 住院，跨省",
            "        reading: deemed\n\n      # 住院，跨省",
            "同时落在 2 行：F-06-deemed、F-06-file-first",
            id="two rows for one reading",
        ),
        pytest.param(
            FILING, "outcome: must_file", "outcome: perhaps", "outcome 写了“perhaps”，只能是", id="no such outcome"
        ),
        pytest.param(FILING, "id: F-02", "id: F-01", "行 F-01：这个行号写了两次", id="a row number twice"),
        pytest.param(
            "shanxi/price_class.yaml",
            '["01", "02"]',
            "[01, 02]",
            "hospital_level 里的 1 要写成文字",
            id="a code as number",
        ),
        pytest.param(
            "conflicts.yaml", "default: deemed", "default: maybe", "冲突 I-1：default 写了“maybe”", id="no default"
        ),
        pytest.param(
            "shanxi/scope.yaml",
            "level: province",
            "level: province\nchoices: {I-6: relative}",
            "选了冲突 I-6 的读法，可没有一个数或一行随它变",
            id="a choice without effect",
        ),
        pytest.param(
            "shanxi/datong/scope.yaml",
            '"140200"',
            '"140100"',
            "地区 140100 已经有一个 scope.yaml 了",
            id="a region twice",
        ),
        pytest.param(
            "explanations.yaml", "{above_fen} ×", "{abve_fen} ×", "formula 里的 {abve_fen} 不认识", id="an unknown word"
        ),
        pytest.param(
            "explanations.yaml", "when: [has_above]", "when: [has_abve]", "“has_abve”不认识", id="an unknown condition"
        ),
        pytest.param("parameters.yaml", "unit: fen", "unit: yuan", "unit 写了“yuan”，只能是", id="no such unit"),
        pytest.param(
            "sources.yaml", "  shanxi-guide-2025:", "  xinzhou-guide:", "“xinzhou-guide”写了两次", id="a key twice"
        ),
        pytest.param("sources.yaml", "sources:", "sources: [", "读不懂", id="no YAML at all"),
    ],
)
def test_bad_policy_is_refused_with_file_and_key(spoil: Spoil, name: str, old: str, new: str, message: str) -> None:
    with pytest.raises(PolicyError) as refused:
        load_pack(spoil(name, old, new))
    assert any(message in problem for problem in refused.value.problems), refused.value.problems
    assert any(name in problem or "scope.yaml" in problem for problem in refused.value.problems)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("values: 3\n", "values 要写成列表", id="no list of values"),
        pytest.param("values: [3]\n", "第 1 条：要写成“名称: 内容”的形式", id="a value that is a number"),
        pytest.param("- values\n", "最外层要是“名称: 内容”的形式", id="a list at the top"),
        pytest.param("2025: 3\n", "读不懂：键 2025 要写成文字（加引号）", id="a number as key"),
        pytest.param("", "最外层要是“名称: 内容”的形式", id="an empty file"),
        pytest.param(
            "tables: [{table: filing, from: 2026-01-01, rows: {}}]\n", "rows 要写成列表", id="no list of rows"
        ),
        pytest.param("tables: [{table: filings}]\n", "table 写了“filings”，只能是", id="no such table"),
        pytest.param("filing_kinds: [{kind: holiday}]\n", "kind 写了“holiday”，只能是", id="no such kind of filing"),
        pytest.param("wishes: []\n", "不认识的键 wishes", id="no such section"),
    ],
)
def test_a_file_of_another_shape_is_refused(spoil: Spoil, text: str, message: str) -> None:
    folder = spoil("sources.yaml", "sources:", "sources:")
    (folder / "shanxi/extra.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as refused:
        load_pack(folder)
    assert any("shanxi/extra.yaml" in problem and message in problem for problem in refused.value.problems)


def test_a_file_with_another_ending_is_not_passed_over(spoil: Spoil) -> None:
    folder = spoil("sources.yaml", "sources:", "sources:")
    (folder / "shanxi/extra.yml").write_text("values: []\n", encoding="utf-8")
    with pytest.raises(PolicyError, match=r"shanxi/extra\.yml：文件名要用 \.yaml 结尾"):
        load_pack(folder)


def test_all_problems_are_told_at_once(spoil: Spoil) -> None:
    spoil(RESIDENTS, "class_1: 1000_00", "class_1: lots")
    folder = spoil(RESIDENTS, "referral: -500", "referral: some")
    with pytest.raises(PolicyError) as refused:
        load_pack(folder)
    assert len(refused.value.problems) == 2
    assert str(refused.value).startswith("政策文件有 2 处要改")


def test_a_file_outside_any_region_may_not_hold_law(spoil: Spoil) -> None:
    folder = spoil("sources.yaml", "sources:", "sources:")
    (folder / "stray.yaml").write_text("values: []\n", encoding="utf-8")
    with pytest.raises(PolicyError, match=r"stray\.yaml：这个文件夹没有 scope\.yaml"):
        load_pack(folder)


def test_an_empty_folder_is_no_law(tmp_path: Path) -> None:
    with pytest.raises(PolicyError):
        load_pack(tmp_path)


def test_the_version_follows_the_content_and_not_the_comments(spoil: Spoil, pack: Pack) -> None:
    assert len(pack.version) == 16
    folder = spoil(RESIDENTS, "# 居民住院", "# 居民的住院")
    assert load_pack(folder).version == pack.version
    path = folder / RESIDENTS
    path.write_text(path.read_text().replace("referral: -500", "referral: -600"), encoding="utf-8")
    assert load_pack(folder).version != pack.version
