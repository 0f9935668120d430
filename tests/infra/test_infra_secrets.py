"""Keys: the demo makes its own, everybody else must bring good ones."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tongban.infra.secrets import SecretsWrong, create_secrets, is_demo_file, load_secrets
from tongban.settings import Settings, SettingsWrong

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "keys" / "secrets.json"
    create_secrets(path, for_demo=False)
    return path


def change(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_new_keys_are_random_and_readable_by_their_owner_alone(keys: Path, tmp_path: Path) -> None:
    create_secrets(tmp_path / "other.json", for_demo=False)
    ours, others = load_secrets(keys, is_demo=False), load_secrets(tmp_path / "other.json", is_demo=False)
    assert keys.stat().st_mode & 0o777 == 0o600
    assert ours.data_keys[1] != others.data_keys[1]
    assert ours.app_password != others.app_password
    assert list(keys.parent.iterdir()) == [keys]


def test_the_demo_makes_its_keys_once_and_keeps_them(tmp_path: Path) -> None:
    environ = {"TONGBAN_VAR": str(tmp_path), "TONGBAN_DEMO": "1"}
    first = Settings.from_env(environ).secrets
    assert Settings.from_env(environ).secrets == first
    assert is_demo_file(tmp_path / "secrets.json")


def test_a_folder_where_a_demo_ran_is_a_demo_without_saying_so_again(tmp_path: Path) -> None:
    Settings.from_env({"TONGBAN_VAR": str(tmp_path), "TONGBAN_DEMO": "1"}).require_secrets()
    assert Settings.from_env({"TONGBAN_VAR": str(tmp_path)}).is_demo


def test_outside_the_demo_missing_keys_are_refused_and_none_are_made(tmp_path: Path) -> None:
    with pytest.raises(SecretsWrong, match="没有找到密钥文件"):
        Settings.from_env({"TONGBAN_VAR": str(tmp_path)}).secrets  # noqa: B018
    assert not list(tmp_path.iterdir())


def test_a_demos_keys_are_refused_outside_the_demo(tmp_path: Path) -> None:
    Settings.from_env({"TONGBAN_VAR": str(tmp_path), "TONGBAN_DEMO": "1"}).require_secrets()
    with pytest.raises(SecretsWrong, match="演示时自动生成"):
        Settings.from_env({"TONGBAN_VAR": str(tmp_path), "TONGBAN_DEMO": "0"}).secrets  # noqa: B018


def test_existing_keys_are_never_overwritten(keys: Path) -> None:
    before = keys.read_bytes()
    with pytest.raises(SecretsWrong, match="不会覆盖"):
        create_secrets(keys, for_demo=False)
    assert keys.read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"index_key": None}, "index_key"),
        ({"index_key": "not base64!"}, "index_key"),
        ({"session_key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}, "session_key"),
        ({"csrf_key": "c2hvcnQ="}, "csrf_key"),
        ({"data_keys": {}}, "data_keys"),
        ({"data_keys": {"0": "x"}}, "编号"),
        ({"app_password": "changeme"}, "app_password"),
        ({"app_password": "a" * 40}, "app_password"),
    ],
)
def test_a_weak_or_missing_key_is_refused_by_name(keys: Path, changes: dict[str, Any], named: str) -> None:
    change(keys, **changes)
    with pytest.raises(SecretsWrong, match=named):
        load_secrets(keys, is_demo=False)


def test_one_key_for_two_purposes_is_refused(keys: Path) -> None:
    change(keys, csrf_key=json.loads(keys.read_text())["session_key"])
    with pytest.raises(SecretsWrong, match="相同"):
        load_secrets(keys, is_demo=False)


def test_keys_that_others_may_read_are_refused(keys: Path) -> None:
    keys.chmod(0o640)
    with pytest.raises(SecretsWrong, match="chmod 600"):
        load_secrets(keys, is_demo=False)


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_a_broken_file_is_refused(keys: Path, content: str) -> None:
    keys.write_text(content)
    with pytest.raises(SecretsWrong):
        load_secrets(keys, is_demo=False)


def test_no_key_shows_where_settings_are_printed(tmp_path: Path) -> None:
    settings = Settings.from_env({"TONGBAN_VAR": str(tmp_path), "TONGBAN_DEMO": "1"})
    assert settings.secrets.app_password not in repr(settings) + repr(settings.secrets)
    assert repr(settings.secrets.index_key) not in repr(settings.secrets)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TONGBAN_PORT", "80a"),
        ("TONGBAN_PORT", "65536"),
        ("TONGBAN_PORT", "-1"),
        ("TONGBAN_WORKERS", "0"),
        ("TONGBAN_DEMO", "maybe"),
        ("TONGBAN_POSTGRES", "mysql"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsWrong, match=name):
        Settings.from_env({name: value})


def test_two_databases_at_once_are_refused() -> None:
    with pytest.raises(SettingsWrong, match="TONGBAN_POSTGRES=embedded"):
        Settings.from_env({"DATABASE_URL": "postgresql://web@host/x", "TONGBAN_POSTGRES": "embedded"})


def test_every_setting_is_documented_and_every_documented_one_is_read() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text()
    pattern = r"\b(?:TONGBAN_[A-Z_]+|DATABASE_URL)\b"
    assert set(re.findall(pattern, page)) == set(re.findall(pattern, (ROOT / "src/tongban/settings.py").read_text()))


def test_web_processes_get_the_same_settings_without_the_owners_rights(tmp_path: Path) -> None:
    settings = Settings.from_env(
        {
            "TONGBAN_VAR": str(tmp_path),
            "TONGBAN_DEMO": "1",
            "DATABASE_URL": "postgresql://web:a@/x",
            "TONGBAN_OWNER_DATABASE_URL": "postgresql://owner:b@/x",
        }
    )
    workers = Settings.from_env(settings.for_workers())
    assert workers.database_url == settings.database_url
    assert workers.owner_database_url is None
    assert workers.is_demo
    assert workers.secrets == settings.secrets
