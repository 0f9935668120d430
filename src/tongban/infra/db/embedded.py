"""A PostgreSQL server of our own, as a direct child of this process.

It dies with us, whatever happens to us: the kernel sends it a fast shutdown when its parent is gone (Linux). What it
has acknowledged is on disk, so a killed parent loses nothing and leaves nothing behind.
"""

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from tongban.infra.db.binaries import Binaries, reachable_by
from tongban.infra.db.errors import DatabaseTrouble, DidNotStart
from tongban.infra.db.folder import FolderLock, ServerFolder, processes_in

OWNER = "postgres"
_PORT = 5432  # only names the socket file: the server listens on no network address
_PR_SET_PDEATHSIG = 1

_SETTINGS = {
    "listen_addresses": "",
    "port": str(_PORT),
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    # One week of logs, without the values that are in DETAIL lines.
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_error_verbosity": "terse",
    "timezone": "Asia/Shanghai",
}


class EmbeddedPostgres:
    """One server on one folder. The first to start it owns it; later ones join it while it runs.

    ``with EmbeddedPostgres(folder, binaries) as server: connect(server.url("tongban"))``. `settings` are PostgreSQL's
    own (``{"fsync": "off"}`` in tests). Whoever must be the owner passes ``may_join=False``; `wait` is how many
    seconds to wait for another owner to end.
    """

    def __init__(
        self,
        folder: ServerFolder,
        binaries: Binaries,
        *,
        settings: Mapping[str, str] | None = None,
        may_join: bool = True,
        wait: float = 0.0,
        timeout: float = 60.0,
    ) -> None:
        self.folder = folder
        self.binaries = binaries
        self._settings = {**_SETTINGS, "unix_socket_directories": str(folder.sockets), **(settings or {})}
        self._may_join = may_join
        self._wait = wait
        self._timeout = timeout
        self._lock = FolderLock(folder)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_owner(self) -> bool:
        return self._process is not None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def url(self, database: str, user: str = OWNER, password: str | None = None) -> str:
        """A connection URL over the Unix socket, for the owner unless another user is named."""
        password = self.folder.password_file.read_text() if password is None else password
        place = f"host={quote(str(self.folder.sockets), safe='/')}&port={_PORT}"
        return f"postgresql://{quote(user)}:{quote(password, safe='')}@/{quote(database)}?{place}"

    def start(self) -> None:
        """Own the server, or join the one that runs. Raises DatabaseTrouble; nothing is left running then."""
        self.folder.prepare()
        if not self._lock.take(wait=self._wait):
            if not self._may_join or not self._joined():
                raise self._lock.refusal()
            return
        try:
            self._own()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Shut down in order if we own it: sessions end, what is written is flushed. Does nothing for a guest."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(self._timeout)
            except subprocess.TimeoutExpired:
                # At once, but still safe: the next start replays the log.
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait()
        self._process = None
        self._lock.let_go()

    def keep_alive(self) -> None:
        """Start the server again if it has died under us. PostgreSQL replays its log: nothing acknowledged is lost."""
        if self._process is not None and self._process.poll() is not None:
            self._own()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _own(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            # The kernel ties "parent died" to the thread that forked: in a short-lived thread the server would stop
            # as soon as that thread ends.
            raise DatabaseTrouble("数据库只能从程序的主线程启动")
        self.binaries = reachable_by(self.folder.uid, self.binaries, self.folder.root)
        self._await_predecessor()
        self._initialise()
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        # postgres.out holds what is said before the log collector takes over; only the last start matters.
        with self.folder.output.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own binaries, no shell
                [str(self.binaries / "postgres"), "-D", str(self.folder.data), *options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                # Ctrl-C in the terminal reaches us alone; we then stop the server last.
                start_new_session=True,
                preexec_fn=_dies_with(os.getpid(), signal.SIGINT),
                **self._account(),
            )
        self._await_ready(self._process)

    def _initialise(self) -> None:
        """A fresh data folder, made beside its place and renamed: a kill halfway leaves no half of one."""
        version_file = self.folder.data / "PG_VERSION"
        if version_file.exists():
            if (made_by := version_file.read_text().strip()) != str(self.binaries.major):
                raise DidNotStart(
                    f"{self.folder.data} 是 PostgreSQL {made_by} 建的，现在的程序是 {self.binaries.major}："
                    "请用原来的版本运行，或先导出再导入"
                )
            return
        draft = self.folder.root / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self.folder.give(draft)
        password_file = self.folder.password_file
        password_file.touch(mode=0o600)
        password_file.write_text(secrets.token_urlsafe(32))
        self.folder.give(password_file)
        # The built-in provider came with 17; before that the C library's C.UTF-8 does the same.
        locale = ["--locale=C.UTF-8"]
        if self.binaries.major >= 17:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._run(
            "initdb",
            f"--pgdata={draft}",
            f"--username={OWNER}",
            "--encoding=UTF8",
            *locale,
            "--auth=scram-sha-256",
            f"--pwfile={password_file}",
            "--data-checksums",
            *(["--no-sync"] if self._settings.get("fsync") == "off" else []),
        )
        draft.rename(self.folder.data)

    def _await_predecessor(self) -> None:
        """Wait until the server of an owner that died has ended, then clear what it left.

        PostgreSQL takes any process with the number in postmaster.pid for its predecessor: a zombie that nobody reaps,
        or a stranger that got the number after a reboot. We hold the lock and have seen that no process works in the
        data folder, so the file is stale.
        """
        end = time.monotonic() + self._timeout
        while others := processes_in(self.folder.data):
            if time.monotonic() >= end:
                raise DidNotStart(
                    f"{self.folder.data} 里还有一个数据库在运行（进程号 {min(others)}），"
                    f"等了 {self._timeout:.0f} 秒没有结束：请运行 kill -INT {min(others)} 后再试"
                )
            time.sleep(0.05)
        if sys.platform == "linux":
            (self.folder.data / "postmaster.pid").unlink(missing_ok=True)

    def _await_ready(self, process: "subprocess.Popen[bytes]") -> None:
        end = time.monotonic() + self._timeout
        while time.monotonic() < end:
            if process.poll() is not None:
                raise DidNotStart(f"数据库没有启动起来：{_last_line(self.folder)}（详见 {self.folder.output}）")
            if _postmaster_says_ready(self.folder.data, process.pid):
                return
            time.sleep(0.02)
        raise DidNotStart(f"数据库在 {self._timeout:.0f} 秒内没有准备好，请看 {self.folder.output}")

    def _joined(self) -> bool:
        """Whether the owner's server answers; its first start may still be going on."""
        end = time.monotonic() + min(self._timeout, 15.0)
        command = [str(self.binaries / "pg_isready"), "-q", "-t", "3", "-h", str(self.folder.sockets), "-p", str(_PORT)]
        while time.monotonic() < end:
            if self.folder.password_file.exists() and subprocess.run(command, check=False).returncode == 0:  # noqa: S603
                return True
            time.sleep(0.1)
        return False

    def _run(self, name: str, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603 - our own binaries, no shell
            [str(self.binaries / name), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            check=False,
            preexec_fn=_dies_with(os.getpid(), signal.SIGKILL),
            **self._account(),
        )
        if done.returncode:
            said = done.stdout.decode(errors="replace").strip().splitlines()
            raise DidNotStart(f"{name} 没有成功：{said[-1] if said else f'返回码 {done.returncode}'}")

    def _account(self) -> dict[str, Any]:
        if self.folder.uid is None:
            return {}
        return {"user": self.folder.uid, "group": pwd.getpwuid(self.folder.uid).pw_gid, "extra_groups": []}


def _dies_with(parent: int, by: signal.Signals) -> Callable[[], None]:
    """What the child runs between fork and exec. The library is loaded before: little is safe after a fork."""
    if sys.platform != "linux":
        return lambda: None
    prctl = ctypes.CDLL(None).prctl

    def die_with_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, by)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return die_with_parent


def _postmaster_says_ready(data: Path, pid: int) -> bool:
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _last_line(folder: ServerFolder) -> str:
    """The last thing the server said, in its output or in the newest log."""
    texts = [folder.output, *sorted((folder.data / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)]
    lines = [line for path in texts if path.exists() for line in path.read_text(errors="replace").splitlines() if line]
    fatal = [line for line in lines if "FATAL" in line]
    return (fatal or lines or ["没有留下说明"])[-1]
