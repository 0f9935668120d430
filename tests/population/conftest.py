"""A draft that changes rates in the middle of a year, ceilings, and which day's law governs in another city."""

import shutil
from pathlib import Path

import pytest

from tongban.law import Pack, load_pack

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def draft_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("draft") / "policies"
    shutil.copytree(ROOT / "docs" / "examples" / "rate-change", folder)
    _changed(folder, "shanxi/taiyuan/employees_inpatient.yaml", "employee: 100_000_00", "employee: 40_000_00")
    _changed(folder, "shanxi/residents_outpatient.yaml", "{resident: {any: 300_00}}", "{resident: {any: 200_00}}")
    _changed(folder, "shanxi/yangquan/scope.yaml", "level: pool", "level: pool\nchoices: {R-1: care_day}")
    return folder


def _changed(folder: Path, name: str, old: str, new: str) -> None:
    text = (ROOT / "policies" / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="session")
def draft(draft_folder: Path) -> Pack:
    return load_pack(ROOT / "policies", draft_folder)
