"""The product's policies, and a place to spoil a copy of them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

POLICIES = Path(__file__).parents[2] / "policies"


@pytest.fixture
def spoil(tmp_path: Path) -> Callable[[str, str, str], Path]:
    """A copy of the policies in which `old` became `new`, once, in one file; the folder to load."""
    folder = tmp_path / "policies"
    shutil.copytree(POLICIES, folder)

    def change(name: str, old: str, new: str) -> Path:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} holds no {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return folder

    return change
