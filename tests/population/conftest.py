"""A draft that changes a rate in the middle of a year, ceilings, and which day's law governs in another city."""

from pathlib import Path

import pytest

from tongban.law import Pack, load_pack

ROOT = Path(__file__).parents[2]

SOURCES = """
sources:
  draft-notice: {title: 测试用的草案, issuer: 没有, date: 2026-05-20, confidence: illustrative}
"""
# Taiyuan's residents in hospitals of class 1: 62 % instead of 60 % from July 2026 on.
MIDYEAR = """
values:
  - parameter: inpatient_rate
    from: 2026-07-01
    table: {resident: {any: {class_1: 6200}}}
    sources: [{id: draft-notice, article: 第二条}]
    confidence: illustrative
    checked_on: 2026-11-22
"""


@pytest.fixture(scope="session")
def draft_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("draft")
    _write(folder / "sources-draft.yaml", SOURCES)
    _write(folder / "shanxi" / "taiyuan" / "draft.yaml", MIDYEAR)
    _changed(folder, "shanxi/taiyuan/employees_inpatient.yaml", "employee: 100_000_00", "employee: 40_000_00")
    _changed(folder, "shanxi/residents_outpatient.yaml", "{resident: {any: 300_00}}", "{resident: {any: 200_00}}")
    _changed(folder, "shanxi/yangquan/scope.yaml", "level: pool", "level: pool\nchoices: {R-1: care_day}")
    return folder


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _changed(folder: Path, name: str, old: str, new: str) -> None:
    text = (ROOT / "policies" / name).read_text(encoding="utf-8")
    assert old in text
    _write(folder / name, text.replace(old, new))


@pytest.fixture(scope="session")
def draft(draft_folder: Path) -> Pack:
    return load_pack(ROOT / "policies", draft_folder)
