"""Lists, declared gaps and settled contradictions: what they may say, and how a bad one is refused."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tongban.kernel.vocabulary import Confidence, FilingKind
from tongban.law import Pack, PolicyError, load_pack

Spoil = Callable[[str, str, str], Path]
SOURCED = "    sources: [{id: shanxi-guide-2025}]\n    confidence: official\n"
KIN = "  - list: test_kin\n    from: 2026-01-01\n    members: [spouse, parent]\n" + SOURCED
CODES = (
    "  - list: test_codes\n    from: 2026-01-01\n    table: {hypertension: [M03900, M03901], diabetes: []}\n" + SOURCED
)
DEFINED = """  test_kin: {zh: 试的家人, words: relation, keys: []}
  test_codes: {zh: 试的代码, words: code, keys: [disease]}
"""
EXTRA = "shanxi/extra.yaml"
Write = Callable[[str], Path]


@pytest.fixture
def write(spoil: Spoil) -> Write:
    """A copy of the policies in which two lists are defined, with one more file of the province's."""

    folder = spoil("parameters.yaml", "\nlists:\n", "\nlists:\n" + DEFINED)

    def write(text: str) -> Path:
        (folder / EXTRA).write_text(text, encoding="utf-8")
        return folder

    return write


def problems(folder: Path, *overlays: Path) -> list[str]:
    with pytest.raises(PolicyError) as refused:
        load_pack(folder, *overlays)
    return refused.value.problems


# -- lists ------------------------------------------------------------------------------------------------------------


def test_members_by_day_key_and_region(write: Write) -> None:
    later = "  - list: test_kin\n    from: 2027-01-01\n    members: [spouse]\n" + SOURCED
    folder = write(f"lists:\n{KIN}{later}{CODES}")
    nearer = "lists:\n" + KIN.replace("[spouse, parent]", "[child]").replace("2026-01-01", "2026-06-01")
    (folder / "shanxi/datong/extra.yaml").write_text(nearer, encoding="utf-8")
    made = load_pack(folder)
    found = {
        (pool, day): (used := made.members(pool, "test_kin", (), day)) and (used.members, used.since)
        for pool in ("140100", "140200")
        for day in (date(2025, 12, 31), date(2026, 1, 1), date(2026, 6, 1), date(2026, 12, 31), date(2027, 1, 1))
    }
    province, city = (("spouse", "parent"), date(2026, 1, 1)), (("child",), date(2026, 6, 1))
    assert list(found.values()) == [
        *(None, province, province, province, (("spouse",), date(2027, 1, 1))),
        *(None, province, city, city, city),
    ]
    used = made.members("140100", "test_codes", ("hypertension",), date(2026, 1, 1))
    assert used is not None
    assert (used.members, used.confidence, used.sources) == (
        ("M03900", "M03901"),
        Confidence.OFFICIAL,
        (("shanxi-guide-2025", ""),),
    )
    empty = made.members("140100", "test_codes", ("diabetes",), date(2026, 1, 1))
    assert empty is not None
    assert empty.members == ()


def test_a_region_reads_a_list_its_own_way(write: Write) -> None:
    two = KIN + "    conflict: I-3\n    reading: deemed\n"
    three = KIN.replace("parent]", "parent, child]") + "    conflict: I-3\n    reading: file_first\n"
    folder = write(f"lists:\n{two}{three}")
    scope = folder / "shanxi/datong/scope.yaml"
    scope.write_text(scope.read_text(encoding="utf-8") + "choices: {I-3: file_first}\n", encoding="utf-8")
    made = load_pack(folder)
    sizes = {
        pool: len(used.members)
        for pool in ("140100", "140200")
        if (used := made.members(pool, "test_kin", (), date(2026, 1, 1)))
    }
    assert sizes == {"140100": 2, "140200": 3}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            KIN.replace("spouse, parent", "spouse, parent, spouse"),
            "名单 test_kin 2026-01-01：members 里的“spouse”写了两次",
            id="a word twice",
        ),
        pytest.param(
            KIN.replace("parent]", "neighbour]"), "members 里的“neighbour”不是 relation", id="a word of no vocabulary"
        ),
        pytest.param(KIN.replace("[spouse, parent]", "spouse"), "members 要写成列表", id="no list"),
        pytest.param(KIN.replace("    members: [spouse, parent]\n", ""), "members 要写成列表", id="no members"),
        pytest.param(
            CODES.replace("M03901", "3901"), "hypertension 里的 3901 要写成文字（加引号）", id="a code as number"
        ),
        pytest.param(
            CODES.replace("diabetes", "measles"),
            "“measles”不是 disease，只能是 hypertension",
            id="a key that does not exist",
        ),
        pytest.param(
            CODES.replace("table: {hypertension: [M03900, M03901], diabetes: []}", "members: [M03900]"),
            "table 下面要按 disease 分开写",
            id="a keyed list without keys",
        ),
        pytest.param(
            KIN + "    table: {hypertension: []}\n", "不认识的键 table", id="a list without keys that has some"
        ),
        pytest.param(
            KIN.replace("test_kin", "test_kn"), "parameters.yaml 里没有名单 test_kn", id="a list nobody defined"
        ),
        pytest.param(KIN.replace("    sources: [{id: shanxi-guide-2025}]\n", ""), "却没有写来源", id="no source"),
        pytest.param(KIN.replace("    from: 2026-01-01\n", ""), "名单 test_kin None：缺少日期 from", id="no date"),
        pytest.param(
            KIN + KIN,
            f"test_kin 的日期和另一条重叠：2026-01-01 起与 2026-01-01 起（{EXTRA}: 名单",
            id="two for one day",
        ),
    ],
)
def test_a_bad_list_is_refused(write: Write, text: str, message: str) -> None:
    found = problems(write(f"lists:\n{text}"))
    assert any(message in problem and problem.startswith(EXTRA) for problem in found), found


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        pytest.param("{zh: 名单, words: kinship, keys: []}", "words 写了“kinship”，只能是", id="no such vocabulary"),
        pytest.param("{zh: 名单, words: code, keys: [colour]}", "keys 里的“colour”不认识", id="no such key"),
        pytest.param("{words: code, keys: []}", "lists: test_more：缺少 zh", id="no name"),
    ],
)
def test_a_bad_definition_of_a_list_is_refused(spoil: Spoil, definition: str, message: str) -> None:
    found = problems(spoil("parameters.yaml", "\nlists:\n", f"\nlists:\n  test_more: {definition}\n"))
    assert any(message in problem and problem.startswith("parameters.yaml") for problem in found), found


# -- gaps -------------------------------------------------------------------------------------------------------------

CEILING = "  - parameter: inpatient_ceiling\n    when: {insurance_type: resident}\n    why: 没有查到。\n"


@pytest.mark.parametrize(
    ("gap", "message"),
    [
        pytest.param(
            CEILING + "    from: 2026-01-01\n",
            "没有查到的 inpatient_ceiling：写了没有查到，可这个地方resident 2026-01-01 有规定",
            id="there is a value",
        ),
        pytest.param(
            CEILING + "    to: 2025-01-01\n", "这个地方resident 2025-01-01 有规定", id="a gap that ends a day too late"
        ),
        pytest.param(
            "  - table: filing\n    when: {care: inpatient}\n    why: 没有查到。\n",
            "没有查到的 filing：写了没有查到，可这个地方",
            id="there is a row",
        ),
        pytest.param(
            "  - filing_kinds: scopes\n    why: 没有查到。\n", "没有查到的 scopes：写了没有查到", id="the kind is told"
        ),
        pytest.param(
            "  - list: test_kin\n    from: 2027-01-01\n    why: 没有查到。\nlists:\n" + KIN,
            "没有查到的 test_kin：写了没有查到，可这个地方test_kin 2027-01-01 有规定",
            id="there is a list",
        ),
        pytest.param(
            CEILING.replace("inpatient_ceiling", "inpatient_celing"),
            "没有 parameter inpatient_celing",
            id="no parameter",
        ),
        pytest.param(CEILING.replace("resident", "student"), "“student”不认识", id="no such word"),
        pytest.param(CEILING.replace("insurance_type", "category"), "不认识的键 category", id="a key it does not have"),
        pytest.param(CEILING.replace("resident", "[]"), "insurance_type 下面什么也没写", id="a key without words"),
        pytest.param(CEILING.replace("    why: 没有查到。\n", ""), "缺少 why", id="no reason"),
        pytest.param(CEILING + "    table: filing\n", "要写一个，也只能写一个", id="two subjects"),
        pytest.param("  - why: 没有查到。\n", "要写一个，也只能写一个", id="no subject"),
        pytest.param(
            "  - parameter: []\n    why: 没有查到。\n", "parameter 下面什么也没写", id="an empty list of subjects"
        ),
        pytest.param(
            CEILING + "    from: 2024-01-01\n    to: 2023-01-01\n",
            "到 2023-01-01 止，比 2024-01-01 起还早",
            id="backwards",
        ),
    ],
)
def test_a_bad_gap_is_refused(write: Write, gap: str, message: str) -> None:
    found = problems(write(f"gaps:\n{gap}"))
    assert any(message in problem and problem.startswith(EXTRA) for problem in found), found


def test_a_gap_may_stand_beside_the_values_of_other_days_keys_and_regions(write: Write) -> None:
    folder = write("gaps:\n" + CEILING + "    to: 2024-12-31\n")
    city = "gaps:\n" + CEILING.replace("resident", "[resident, employee]").replace("shanxi", "linfen")
    (folder / "shanxi/linfen/extra.yaml").write_text(city, encoding="utf-8")
    assert load_pack(folder).gaps != ()


def test_a_gap_may_speak_of_the_reading_that_has_no_value(write: Write) -> None:
    value = (
        "values:\n  - parameter: pooled_benefit_in_arrears\n    from: 2026-01-01\n    table: {resident: true}\n"
        + SOURCED
        + "    conflict: I-3\n    reading: file_first\n"
    )
    gap = "gaps:\n  - parameter: pooled_benefit_in_arrears\n    when: {insurance_type: resident}\n    why: 没有查到。\n"
    assert load_pack(write(value + gap)).gaps != ()
    other = value.replace("values:\n", "").replace("file_first", "deemed").replace("true", "false")
    assert any("写了没有查到" in problem for problem in problems(write(value + other + gap)))


# -- contradictions that are settled ----------------------------------------------------------------------------------

SETTLED = """conflicts:
  - id: T-1
    zh: 试一条
    readings: [{id: this, zh: 这样, sources: []}, {id: that, zh: 那样, sources: []}]
    default: this
    settled: true
    why: 官方这样写。
    owner: 省医保经办机构
    review_on: 2027-03-31
"""


def test_a_settled_contradiction_may_be_named_but_not_switched(write: Write) -> None:
    named = KIN + "    conflict: T-1\n"
    made = load_pack(write(f"{SETTLED}lists:\n{named}"))
    assert made.conflicts["T-1"].is_settled
    switched = problems(write(f"{SETTLED}lists:\n{named}    reading: that\n"))
    assert any("冲突 T-1 已经定了，只有“this”一种读法" in problem for problem in switched), switched


def test_a_region_may_not_choose_in_a_settled_contradiction(write: Write, spoil: Spoil) -> None:
    write(SETTLED)
    folder = spoil("shanxi/datong/scope.yaml", "level: pool", "level: pool\nchoices: {T-1: that}")
    assert any(problem.startswith("shanxi/datong/scope.yaml：冲突 T-1 已经定了") for problem in problems(folder))


# -- kinds of filing --------------------------------------------------------------------------------------------------


def test_what_is_told_of_a_kind_is_superseded_on_its_day(write: Write) -> None:
    later = f"filing_kinds:\n  - kind: referral\n    from: 2027-01-01\n    definition: 新的说法。\n{SOURCED}"
    made = load_pack(write(later))
    told = {
        day: [text.definition for text in made.kind_texts("140100", FilingKind.REFERRAL, day) if text.definition]
        for day in (date(2026, 12, 31), date(2027, 1, 1))
    }
    assert told[date(2027, 1, 1)] == ["新的说法。"]
    assert len(told[date(2026, 12, 31)]) == 1
    assert told[date(2026, 12, 31)] != ["新的说法。"]


def test_an_entry_of_a_kind_that_says_nothing_is_refused(write: Write) -> None:
    found = problems(write(f"filing_kinds:\n  - kind: referral\n    from: 2027-01-01\n{SOURCED}"))
    assert any("referral 2027-01-01：definition、scopes、materials 里至少要写一样" in problem for problem in found), (
        found
    )


def test_every_name_is_registered_once(write: Write, pack: Pack) -> None:
    title = "sources:\n  shanxi-guide-2025: {title: 又一份, issuer: 某处, confidence: secondary}\n"
    assert any("sources: shanxi-guide-2025：这个编号已经登记过" in problem for problem in problems(write(title)))
    name = next(iter(pack.definitions))
    definition = pack.definitions[name]
    again = f"parameters:\n  {name}: {{zh: 又一次, unit: {definition.unit}, keys: [{', '.join(definition.keys)}]}}\n"
    assert any(f"parameters: {name}：这个参数已经写过" in problem for problem in problems(write(again)))
