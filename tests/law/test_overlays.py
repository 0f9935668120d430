"""Policy folders laid over one another, and the law kept as a text: the same content is the same version."""

from collections.abc import Callable
from dataclasses import MISSING, fields
from datetime import date
from pathlib import Path

import pytest

from tongban.law import Pack, PolicyError, load_pack, pack_of

POLICIES = Path(__file__).parents[2] / "policies"
Spoil = Callable[[str, str, str], Path]
RATE = """values:
  - parameter: inpatient_adjustment
    from: 2027-07-01
    table: {resident: {cross_province: {referral: -300}}}
    sources: [{id: shanxi-news-2025-11}]
    confidence: official
"""
CACHES = {field.name for field in fields(Pack) if field.default_factory is not MISSING}


@pytest.fixture
def lay(tmp_path: Path) -> Callable[..., Path]:
    """A folder with the given files."""

    def lay(folder: str, **files: str) -> Path:
        for name, text in files.items():
            path = tmp_path / folder / name.replace("__", "/").replace("_yaml", ".yaml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path / folder

    return lay


def points(pack: Pack, day: date) -> int | None:
    used = pack.value("140100", "inpatient_adjustment", ("resident", "cross_province", "referral"), day)
    return used.value if used else None


def contents(pack: Pack) -> dict[str, object]:
    return {field.name: getattr(pack, field.name) for field in fields(pack) if field.name not in CACHES}


def test_an_overlay_adds_files_and_takes_the_scope_of_the_base(pack: Pack, lay: Callable[..., Path]) -> None:
    draft = load_pack(POLICIES, lay("draft", shanxi__draft_yaml=RATE))
    assert [points(draft, day) for day in (date(2027, 6, 30), date(2027, 7, 1))] == [-500, -300]
    assert points(pack, date(2027, 7, 1)) == -500
    assert draft.version != pack.version


def test_an_overlay_replaces_the_file_of_the_same_name(spoil: Spoil, lay: Callable[..., Path]) -> None:
    name = "shanxi/residents_inpatient.yaml"
    changed = spoil(name, "referral: -500", "referral: -400")
    text = (changed / name).read_text(encoding="utf-8")
    over = load_pack(POLICIES, lay("draft", shanxi__residents_inpatient_yaml=text))
    assert points(over, date(2026, 1, 1)) == -400
    # What was laid over one another is the law of the one folder that says the same, and has its version.
    assert over.version == load_pack(changed).version
    assert contents(over) == contents(load_pack(changed))


def test_the_later_overlay_wins(lay: Callable[..., Path]) -> None:
    first = lay("first", shanxi__draft_yaml=RATE)
    second = lay("second", shanxi__draft_yaml=RATE.replace("-300", "-200"))
    assert points(load_pack(POLICIES, first, second), date(2027, 7, 1)) == -200
    assert points(load_pack(POLICIES, second, first), date(2027, 7, 1)) == -300


def test_a_fault_in_an_overlay_names_its_file(lay: Callable[..., Path]) -> None:
    draft = lay("draft", shanxi__draft_yaml=RATE.replace("-300", "minus"), linfen__stray_yaml=RATE)
    with pytest.raises(PolicyError) as refused:
        load_pack(POLICIES, draft)
    assert refused.value.problems == [
        f"{draft.as_posix()}/linfen/stray.yaml：这个文件夹没有 scope.yaml，不知道是哪个地方的政策",
        f"{draft.as_posix()}/shanxi/draft.yaml: inpatient_adjustment 2027-07-01：resident、cross_province、referral "
        "要写成整数（单位 bp），现在是 'minus'",
    ]


def test_an_overlay_that_spoils_the_base_is_refused_with_both_files(lay: Callable[..., Path]) -> None:
    draft = lay("draft", shanxi__draft_yaml=RATE.replace("2027-07-01", "2025-01-01"))
    with pytest.raises(PolicyError) as refused:
        load_pack(POLICIES, draft)
    (problem,) = refused.value.problems
    assert "resident、cross_province、referral 的日期和另一条重叠：2025-01-01 起与 2025-01-01 起" in problem
    assert f"{draft.as_posix()}/shanxi/draft.yaml" in problem
    assert "shanxi/residents_inpatient.yaml" in problem


def test_an_overlay_without_a_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="里没有政策文件"):
        load_pack(POLICIES, tmp_path / "nowhere")


# -- the law as a text ------------------------------------------------------------------------------------------------


def test_a_stored_text_is_the_same_law(pack: Pack) -> None:
    again = pack_of(pack.text)
    assert contents(again) == contents(pack)
    assert again.version == pack.version


def test_the_version_does_not_depend_on_the_place(pack: Pack, spoil: Spoil) -> None:
    assert load_pack(spoil("sources.yaml", "sources:", "sources:")).text == pack.text


def test_a_stored_text_outlives_rules_that_are_added_later(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    from tongban.law.loading import checks

    monkeypatch.setattr(checks, "PARAMETERS", {**checks.PARAMETERS, "dental_rate": ("insurance_type",)})
    with pytest.raises(PolicyError, match=r"parameters\.yaml：缺少参数 dental_rate"):
        load_pack(POLICIES)
    archived = pack_of(pack.text)
    assert archived.version == pack.version
    assert archived.value("140100", "dental_rate", ("resident",), date(2026, 1, 1)) is None
    assert archived.definitions["dental_rate"].keys == ("insurance_type",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("nonsense", "存下来的政策读不懂", id="no JSON"),
        pytest.param("[1, 2]", "不是“文件名: 内容”的形式", id="no mapping"),
        pytest.param('{"a.yaml": 3}', "不是“文件名: 内容”的形式", id="no files"),
        pytest.param('{"a.yaml": {"from": {"$date": "2026-02-30"}}}', "存下来的政策读不懂", id="no such day"),
        pytest.param('{"a.yaml": {"wishes": []}}', "a.yaml：不认识的键 wishes", id="no policies"),
    ],
)
def test_a_text_of_something_else_is_refused(text: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        pack_of(text)
