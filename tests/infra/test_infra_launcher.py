"""The server of our own: it starts, is shared, and is gone when its parent is, with everything it promised on disk."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from tongban.infra.db import binaries as binaries_module
from tongban.infra.db import connected
from tongban.infra.db.binaries import Binaries, find_binaries, is_open_to_all, reachable_by
from tongban.infra.db.embedded import EmbeddedPostgres
from tongban.infra.db.errors import BinariesMissing, DatabaseTrouble, DidNotStart, FolderTaken
from tongban.infra.db.folder import ServerFolder, locate, processes_in

FAST = {"fsync": "off"}

# A program that owns a server, says its URL and waits to be killed.
OWNER = """
import sys, time
from pathlib import Path
from tongban.infra.db.binaries import find_binaries
from tongban.infra.db.embedded import EmbeddedPostgres
from tongban.infra.db.folder import locate
with EmbeddedPostgres(locate(Path(sys.argv[1])), find_binaries("embedded"), may_join=False) as server:
    print(server.pid, server.url("postgres"), flush=True)
    time.sleep(600)
"""


@pytest.fixture
def folder() -> Iterator[ServerFolder]:
    place = Path(tempfile.mkdtemp(prefix="tongban-"))
    place.chmod(0o711)
    yield locate(place / "postgres")
    shutil.rmtree(place)


@pytest.fixture
def owner(folder: ServerFolder) -> Iterator[Callable[[], tuple["subprocess.Popen[str]", int, str]]]:
    """Starts owners: process, the server's process number, URL."""
    started: list[subprocess.Popen[str]] = []

    def start() -> tuple["subprocess.Popen[str]", int, str]:
        process = subprocess.Popen([sys.executable, "-c", OWNER, str(folder.root)], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        pid, url = process.stdout.readline().split()
        return process, int(pid), url

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    wait_until(lambda: not processes_in(folder.data))


def server(folder: ServerFolder, *, may_join: bool = False, wait: float = 0.0) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder, find_binaries("embedded"), settings=FAST, may_join=may_join, wait=wait)


def ask(url: str, query: str) -> object:
    async def run() -> object:
        async with connected(url) as db:
            return await db.fetchval(query)

    return asyncio.run(run())


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_it_starts_keeps_its_rows_and_leaves_no_process(folder: ServerFolder) -> None:
    with server(folder) as first:
        assert first.is_owner
        ask(first.url("postgres"), "create table kept (a integer)")
        assert processes_in(folder.data)
    assert not processes_in(folder.data)
    with server(folder) as again:
        assert ask(again.url("postgres"), "select count(*) from kept") == 0


def test_it_listens_on_no_network_address_and_wants_a_password(folder: ServerFolder) -> None:
    with server(folder) as running:
        assert ask(running.url("postgres"), "select current_setting('listen_addresses')") == ""
        assert running.folder.password_file.stat().st_mode & 0o077 == 0
        with pytest.raises(asyncpg.InvalidPasswordError):
            ask(running.url("postgres", password="wrong"), "select 1")


def test_promises_are_kept_on_disk_unless_a_test_says_otherwise(folder: ServerFolder) -> None:
    with EmbeddedPostgres(folder, find_binaries("embedded"), may_join=False) as running:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert ask(running.url("postgres"), f"select current_setting('{setting}')") == "on"


def test_a_second_start_joins_the_running_server_and_leaves_it_running(folder: ServerFolder) -> None:
    with server(folder) as first:
        with server(folder, may_join=True) as guest:
            assert not guest.is_owner
            assert ask(guest.url("postgres"), "select 1") == 1
        assert ask(first.url("postgres"), "select 1") == 1


def test_who_must_own_the_folder_is_told_who_has_it(folder: ServerFolder) -> None:
    with server(folder), pytest.raises(FolderTaken, match=rf"进程号 {os.getpid()}"), server(folder):
        pass


def test_a_start_may_wait_for_the_owner_to_end(
    folder: ServerFolder, owner: Callable[[], tuple["subprocess.Popen[str]", int, str]]
) -> None:
    process, _, _ = owner()
    timer = threading.Timer(0.5, process.kill)
    timer.start()
    with server(folder, wait=20) as second:
        assert second.is_owner
    timer.join()


def test_it_refuses_to_start_from_a_thread_and_holds_nothing_then(folder: ServerFolder) -> None:
    troubles: list[DatabaseTrouble] = []

    def start() -> None:
        try:
            server(folder).start()
        except DatabaseTrouble as trouble:
            troubles.append(trouble)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "主线程" in troubles[0].sentence
    with server(folder) as now:
        assert now.is_owner


def test_an_interrupted_first_start_is_begun_afresh(folder: ServerFolder) -> None:
    folder.prepare()
    (folder.root / "data.new").mkdir()
    (folder.root / "data.new" / "PG_VERSION").write_text("18")
    folder.password_file.write_text("half a password")
    with server(folder) as running:
        assert ask(running.url("postgres"), "select 1") == 1


def test_a_number_left_behind_that_is_now_somebody_elses_does_not_stop_it(folder: ServerFolder) -> None:
    with server(folder):
        left = (folder.data / "postmaster.pid").read_text().splitlines()
    stranger = subprocess.Popen(["sleep", "600"], **_as(folder))
    try:
        _leave(folder, [str(stranger.pid), *left[1:]])
        with server(folder) as running:
            assert ask(running.url("postgres"), "select 1") == 1
    finally:
        stranger.kill()
        stranger.wait()


def test_a_zombie_predecessor_does_not_stop_it(folder: ServerFolder) -> None:
    with server(folder):
        left = (folder.data / "postmaster.pid").read_text().splitlines()
    zombie = subprocess.Popen(["true"], **_as(folder))
    wait_until(lambda: Path(f"/proc/{zombie.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z")
    _leave(folder, [str(zombie.pid), *left[1:]])
    with server(folder) as running:
        assert ask(running.url("postgres"), "select 1") == 1
    zombie.wait()


def test_data_of_another_version_is_refused_and_left_alone(folder: ServerFolder) -> None:
    with server(folder):
        pass
    (folder.data / "PG_VERSION").write_text("14\n")
    with pytest.raises(DidNotStart, match="PostgreSQL 14 建的"), server(folder):
        pass
    assert (folder.data / "global").is_dir()


def test_what_the_server_says_when_it_does_not_start_is_passed_on(folder: ServerFolder) -> None:
    wrong = EmbeddedPostgres(folder, find_binaries("embedded"), settings={"shared_buffers": "1TB"}, may_join=False)
    with pytest.raises(DidNotStart, match="FATAL"), wrong:
        pass
    with server(folder) as running:
        assert running.is_owner


def test_a_long_path_gets_a_short_socket_folder_that_every_process_finds(folder: ServerFolder) -> None:
    deep = locate(folder.root.parent / ("x" * 100) / "postgres")
    assert deep.sockets == ServerFolder(deep.root, deep.uid).sockets
    with server(deep) as running:
        assert ask(running.url("postgres"), "select 1") == 1
    shutil.rmtree(deep.sockets)


def test_a_folder_private_to_root_is_left_closed_and_the_server_lives_elsewhere(folder: ServerFolder) -> None:
    """An ordinary user runs the server itself, so for it nothing moves."""
    private, outside = folder.root.parent / "private", folder.root.parent / "outside"
    private.mkdir(mode=0o700)
    placed = locate(private / "postgres", outside=outside)
    with server(placed) as running:
        assert ask(running.url("postgres"), "select 1") == 1
    assert private.stat().st_mode & 0o777 == 0o700
    assert placed == locate(private / "postgres", outside=outside)
    if os.geteuid() == 0:
        assert placed.root.parent == outside
        assert placed.data.stat().st_uid != 0
        assert (private / "postgres").resolve() == placed.root
    else:
        assert placed == ServerFolder(private / "postgres", None)


def test_programs_in_a_private_folder_are_copied_for_the_account_that_runs_them(folder: ServerFolder) -> None:
    installed = find_binaries("embedded")
    private = folder.root.parent / "venv"
    package = installed.folder.parents[1]
    shutil.copytree(package, private / package.name, symlinks=True)
    shutil.copytree(package.with_name(f"{package.name}.libs"), private / f"{package.name}.libs", symlinks=True)
    private.chmod(0o700)
    hidden = Binaries(private / package.name / "pginstall" / "bin", installed.major)
    folder.prepare()
    usable = reachable_by(folder.uid, hidden, folder.root)
    assert (usable == hidden) == (folder.uid is None)
    assert folder.uid is None or is_open_to_all(usable / "postgres")
    with EmbeddedPostgres(folder, hidden, settings=FAST, may_join=False) as running:
        assert ask(running.url("postgres"), "select 1") == 1
    assert private.stat().st_mode & 0o777 == 0o700


def test_missing_programs_are_said_with_the_way_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries_module, "_WHEEL", "no_such_wheel")
    with pytest.raises(BinariesMissing, match=r"bootstrap\.sh"):
        find_binaries("embedded")
    monkeypatch.setattr(binaries_module, "_system_folders", list)
    with pytest.raises(BinariesMissing, match="apt install postgresql"):
        find_binaries("system")


@pytest.mark.faults
def test_a_killed_parent_leaves_no_server_and_every_acknowledged_row(
    folder: ServerFolder, owner: Callable[[], tuple["subprocess.Popen[str]", int, str]]
) -> None:
    acknowledged: list[int] = []
    for round_no in range(4):
        process, pid, url = owner()
        if round_no == 0:
            ask(url, "create table promise (n bigint primary key)")
        asyncio.run(_write_until_killed(url, process, acknowledged))
        wait_until(lambda: not processes_in(folder.data))
        assert not Path(f"/proc/{pid}").exists() or _is_zombie(pid)
    with EmbeddedPostgres(folder, find_binaries("embedded"), may_join=False) as running:
        found = asyncio.run(_column(running.url("postgres"), "select n from promise"))
    assert len(acknowledged) > 100
    assert set(acknowledged) <= found


@pytest.mark.faults
def test_a_killed_server_is_started_again_by_its_owner_with_every_acknowledged_row(folder: ServerFolder) -> None:
    with EmbeddedPostgres(folder, find_binaries("embedded"), may_join=False) as running:
        ask(running.url("postgres"), "create table promise as select generate_series(1, 1000) as n")
        assert running.pid is not None
        os.kill(running.pid, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{running.pid}").exists() or _is_zombie(running.pid or 0))
        running.keep_alive()
        assert ask(running.url("postgres"), "select count(*) from promise") == 1000
        before = running.pid
        running.keep_alive()
        assert running.pid == before


async def _write_until_killed(url: str, process: "subprocess.Popen[str]", acknowledged: list[int]) -> None:
    """Four writers; the parent is killed while they write."""
    first = len(acknowledged) * 1000 + 1
    numbers = iter(range(first, first + 10**9))

    async def write() -> None:
        async with connected(url) as db:
            while True:
                number = next(numbers)
                await db.execute("insert into promise values ($1)", number)
                acknowledged.append(number)

    async def kill() -> None:
        await asyncio.sleep(0.5)
        process.kill()

    tasks = [asyncio.create_task(write()) for _ in range(4)]
    await kill()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(error, asyncpg.PostgresError | asyncpg.InternalClientError | OSError) for error in ended), (
        ended
    )


async def _column(url: str, query: str) -> set[int]:
    async with connected(url) as db:
        return {row[0] for row in await db.fetch(query)}


def _is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


def _as(folder: ServerFolder) -> dict[str, int]:
    return {} if folder.uid is None else {"user": folder.uid}


def _leave(folder: ServerFolder, lines: list[str]) -> None:
    path = folder.data / "postmaster.pid"
    path.write_text("\n".join(lines) + "\n")
    folder.give(path)
