"""What is installed is named by version and hash alone; where it comes from is each machine's business."""

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LOCKS = sorted(ROOT.glob("requirements*.lock"))


def pinned(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==([^\s;\\]+)", lock.read_text(), re.MULTILINE))


def named(requirements: Path) -> set[str]:
    lines = (line.split("#")[0].strip() for line in requirements.read_text().splitlines())
    return {re.split(r"[\[<>=!~ ]", line)[0].lower() for line in lines if line and not line.startswith("-")}


def test_there_is_a_lock_for_every_list() -> None:
    lists = {path.stem for path in ROOT.glob("requirements*.in")}
    assert lists == {f"requirements{kind}" for kind in ("", "-batch", "-bench", "-dev", "-ocr", "-uv")}
    assert {lock.stem for lock in LOCKS} == lists


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_names_no_address(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    assert "find-links" not in text
    assert "index-url" not in text


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_pins_by_hash_everything_its_list_asks_for(lock: Path) -> None:
    versions = pinned(lock)
    assert named(lock.with_suffix(".in")) <= set(versions)
    entries = re.findall(r"^\S+==.*?(?=^\S|\Z)", lock.read_text(), re.MULTILINE | re.DOTALL)
    assert len(entries) == len(versions)
    assert all("--hash=sha256:" in entry for entry in entries)


def test_tests_run_against_the_versions_that_are_shipped() -> None:
    """Each list holds the one before it, at the same versions."""
    for kinds in (("", "-batch", "-dev", "-bench"), ("", "-ocr", "-dev")):
        locks = [pinned(ROOT / f"requirements{kind}.lock") for kind in kinds]
        for fewer, more in pairwise(locks):
            assert {name: more.get(name) for name in fewer} == fewer


def test_the_identity_provider_of_the_tests_is_pinned_by_hash_and_names_no_address() -> None:
    folder = ROOT / "tests" / "oidc"
    locked = json.loads((folder / "package-lock.json").read_text())["packages"]
    asked = json.loads((folder / "package.json").read_text())["dependencies"]
    installed = {name: told for name, told in locked.items() if name}
    assert {name: installed[f"node_modules/{name}"]["version"] for name in asked} == asked
    assert all(told["integrity"].startswith("sha512-") for told in installed.values())
    assert not any("resolved" in told for told in installed.values())
    assert "omit-lockfile-registry-resolved=true" in (folder / ".npmrc").read_text()
    assert "registry=" not in (folder / ".npmrc").read_text()


def test_no_other_kind_of_lock_creeps_in() -> None:
    assert not (ROOT / "uv.lock").exists()
