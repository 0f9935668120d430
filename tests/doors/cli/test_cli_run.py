"""``tongban run`` under signals: what it starts ends with it, and what dies under it comes back."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tongban.infra.db import connected
from tongban.infra.db.binaries import find_binaries
from tongban.infra.db.embedded import EmbeddedPostgres
from tongban.infra.db.folder import locate, processes_in
from tongban.infra.db.server import DATABASE

PROGRAM = Path(sys.executable).with_name("tongban")


@dataclass(frozen=True)
class Running:
    process: "subprocess.Popen[str]"
    url: str
    said: list[str]

    def children(self, word: str) -> list[int]:
        """Process numbers of the direct children whose command line holds `word`."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if parent == self.process.pid and word in (entry / "cmdline").read_text():
                    found.append(int(entry.name))
        return found

    def workers(self) -> list[int]:
        return self.children("spawn_main")

    def answers(self, path: str = "/sign-in") -> bool:
        try:
            return httpx.get(self.url + path, timeout=5).status_code == 200
        except httpx.HTTPError:
            return False


@pytest.fixture(scope="module")
def var() -> Iterator[Path]:
    """One installation for all tests here: only the first start loads the data."""
    folder = Path(tempfile.mkdtemp(prefix="tongban-"))
    folder.chmod(0o711)
    yield folder / "var"
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def run(var: Path) -> Iterator[Callable[[], Running]]:
    """The running product: the one a test before has left running, or a new one."""
    with ExitStack() as stack:
        last: list[Running] = []

        def current() -> Running:
            if not last or last[-1].process.poll() is not None:
                last.append(stack.enter_context(running(var)))
            return last[-1]

        yield current
    wait_until(lambda: not processes_in(data(var)))


@contextmanager
def running(var: Path) -> Iterator[Running]:
    """Started and ready to serve; killed at the end if it still runs."""
    process = subprocess.Popen(
        [str(PROGRAM), "run", "--port", "0", "--workers", "2", "--people", "0", "--wait", "20"],
        env=environment(var),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said: list[str] = []
    try:
        url = ""
        for line in process.stdout:
            said.append(line)
            if match := re.search(r"http://127\.0\.0\.1:\d+", line):
                url = match[0]
                break
        assert url, "".join(said)
        # Whatever it says from now on must not fill the pipe.
        reader = threading.Thread(target=lambda: [said.append(line) for line in process.stdout or []])
        reader.start()
        yield Running(process, url, said)
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()


def environment(var: Path) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TONGBAN_VAR": str(var), "TONGBAN_DEMO": "1"}


def data(var: Path) -> Path:
    return locate(var / "postgres").data


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.faults
def test_it_says_where_it_serves_and_whom_to_play(run: Callable[[], Running]) -> None:
    server = run()
    assert server.answers()
    wait_until(lambda: any("Ctrl-C" in line for line in list(server.said)))
    said = "".join(server.said)
    assert "演示医院" in said
    assert "登录页" in said


@pytest.mark.faults
def test_killing_it_leaves_no_worker_and_no_database_and_the_next_start_works(
    run: Callable[[], Running], var: Path
) -> None:
    server = run()
    everyone = [*server.workers(), *server.children("postgres"), *server.children("tongban.doors.worker")]
    assert len(everyone) == 4
    server.process.kill()
    wait_until(lambda: all(map(is_gone, everyone)))
    wait_until(lambda: not processes_in(data(var)))
    assert run().answers()


@pytest.mark.faults
def test_a_killed_worker_is_replaced(run: Callable[[], Running]) -> None:
    server = run()
    before = server.workers()
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: len(server.workers()) == 2 and before[0] not in server.workers())
    wait_until(server.answers)


@pytest.mark.faults
def test_a_killed_background_worker_is_replaced(run: Callable[[], Running]) -> None:
    server = run()
    (before,) = server.children("tongban.doors.worker")
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: bool(server.children("tongban.doors.worker")) and is_gone(before))
    assert server.answers()


@pytest.mark.faults
def test_a_killed_database_is_started_again(run: Callable[[], Running]) -> None:
    server = run()
    (before,) = server.children("postgres")
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: before not in server.children("postgres") and bool(server.children("postgres")))
    # Each worker finds out by itself that its connections are gone.
    wait_until(lambda: all(server.answers() for _ in range(10)))


@pytest.mark.faults
def test_a_web_process_that_cannot_start_while_the_database_is_away_stops_nobody(run: Callable[[], Running]) -> None:
    server = run()
    before = server.workers()
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: len(server.workers()) == 2 and before[0] not in server.workers())
    # The new one is still on its way to its first connection.
    (database,) = server.children("postgres")
    os.kill(database, signal.SIGKILL)
    wait_until(lambda: len(server.workers()) == 2 and all(server.answers() for _ in range(10)))
    assert server.process.poll() is None


@pytest.mark.faults
def test_asked_to_stop_it_answers_the_request_under_way_then_stops_everything(
    run: Callable[[], Running], var: Path
) -> None:
    server = run()
    folder = locate(var / "postgres")
    owner_url = EmbeddedPostgres(folder, find_binaries("embedded")).url(DATABASE)
    answers: list[int] = []
    asking = threading.Thread(target=lambda: answers.append(httpx.get(server.url + "/sign-in", timeout=30).status_code))

    async def stop_while_a_page_waits() -> None:
        async with connected(owner_url) as db, db.transaction():
            await db.execute("lock table people.person in access exclusive mode")
            asking.start()
            waiting = "select count(*) from pg_locks where not granted and relation = 'people.person'::regclass"
            while not await db.fetchval(waiting):
                await asyncio.sleep(0.05)
            server.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(1)

    asyncio.run(stop_while_a_page_waits())
    asking.join()
    assert answers == [200]
    assert server.process.wait(30) == 0
    assert not processes_in(data(var))


@pytest.mark.faults
def test_closing_the_terminal_stops_everything(run: Callable[[], Running], var: Path) -> None:
    server = run()
    server.process.send_signal(signal.SIGHUP)
    assert server.process.wait(30) == 0
    assert not processes_in(data(var))


def test_a_taken_port_is_one_sentence_and_nothing_is_started(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = subprocess.run(
            [str(PROGRAM), "run", "--port", str(port)],
            env=environment(tmp_path / "var"),
            capture_output=True,
            text=True,
            check=False,
        )
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert f"端口 {port} 已经被别的程序占用" in refused.stderr
    assert not (tmp_path / "var" / "postgres").exists()
