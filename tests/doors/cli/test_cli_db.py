"""``tongban db`` as an operator types it, on a server of its own."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tongban.infra.db.migrate import read_migrations

Tongban = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tongban-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def tongban(place: Path) -> Tongban:
    """Runs the installed command in an environment that holds nothing but what a test gives it."""
    program = Path(sys.executable).with_name("tongban")

    def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        variables = {"PATH": "/usr/bin:/bin", "TONGBAN_VAR": str(place / "var"), "LANG": "C.UTF-8", **environment}
        return subprocess.run([str(program), *arguments], env=variables, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="module")
def migrated(tongban: Tongban) -> "subprocess.CompletedProcess[str]":
    return tongban("db", "migrate", TONGBAN_DEMO="1")


def test_the_first_migrate_sets_everything_up(migrated: "subprocess.CompletedProcess[str]") -> None:
    assert migrated.returncode == 0, migrated.stderr
    assert f"共做了 {len(read_migrations())} 个迁移" in migrated.stdout


@pytest.mark.usefixtures("migrated")
def test_the_second_finds_nothing_to_do(tongban: Tongban) -> None:
    again = tongban("db", "migrate")
    assert (again.returncode, again.stdout.strip()) == (0, "已经是最新，没有要做的。")


@pytest.mark.usefixtures("migrated")
def test_status_names_the_version_and_every_migration(tongban: Tongban) -> None:
    status = tongban("db", "status")
    assert status.returncode == 0, status.stderr
    assert "PostgreSQL 1" in status.stdout
    assert all(migration.name in status.stdout for migration in read_migrations())


@pytest.mark.usefixtures("migrated")
def test_the_shell_is_the_web_processes_unless_the_owner_is_asked_for(tongban: Tongban) -> None:
    query = "select 'as ' || current_user"
    assert "as tongban_web" in tongban("db", "shell", "-c", query).stdout
    assert "as postgres" in tongban("db", "shell", "--owner", "-c", query).stdout
    refused = tongban("db", "shell", "-c", "drop table people.person")
    assert refused.returncode != 0
    assert "must be owner" in refused.stderr


def test_without_keys_every_command_says_what_to_do_in_one_sentence(tongban: Tongban, tmp_path: Path) -> None:
    refused = tongban("db", "status", TONGBAN_VAR=str(tmp_path / "nothing"))
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.count("\n") == 1
    assert "tongban db new-secrets" in refused.stderr


def test_new_secrets_are_made_once(tongban: Tongban, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    assert tongban("db", "new-secrets", str(path)).returncode == 0
    made = path.read_bytes()
    assert json.loads(made)["made_for_demo"] is False
    again = tongban("db", "new-secrets", str(path))
    assert (again.returncode, path.read_bytes()) == (1, made)
    assert "不会覆盖" in again.stderr


def test_an_outside_database_needs_its_owner_to_be_migrated(tongban: Tongban, tmp_path: Path) -> None:
    refused = tongban("db", "migrate", DATABASE_URL="postgresql://web@127.0.0.1:1/x", TONGBAN_VAR=str(tmp_path))
    assert refused.returncode == 1
    assert "TONGBAN_OWNER_DATABASE_URL" in refused.stderr


def test_an_outside_database_that_is_not_there_is_one_sentence(tongban: Tongban, tmp_path: Path) -> None:
    refused = tongban("db", "status", DATABASE_URL="postgresql://web@127.0.0.1:1/x", TONGBAN_VAR=str(tmp_path))
    assert refused.returncode == 1
    assert refused.stderr.startswith("连不上数据库")
    assert refused.stderr.count("\n") == 1
