"""The folder of a database server of our own: where it lies, who owns it, which processes live in it."""

import fcntl
import hashlib
import os
import pwd
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tongban.infra.db.binaries import is_open_to_all
from tongban.infra.db.errors import DatabaseTrouble, FolderTaken

# Where root keeps the server's files when the project lies below a folder that only root may enter.
OUTSIDE = Path("/var/lib/tongban")
_ACCOUNTS = ("tongban", "postgres", "nobody")
# The path of a Unix socket holds 107 bytes; PostgreSQL adds a lock file beside it.
_SOCKET_PATH_MAX = 100
_SOCKET_FILE = ".s.PGSQL.5432"


@dataclass(frozen=True)
class ServerFolder:
    """`uid` is the account the server runs as, None for our own. Root never runs PostgreSQL: it refuses that."""

    root: Path
    uid: int | None

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def password_file(self) -> Path:
        return self.root / "password"

    @property
    def output(self) -> Path:
        return self.root / "postgres.out"

    @property
    def sockets(self) -> Path:
        """The folder of the Unix socket: beside the data, or under /tmp when that path would be too long. Its name
        there is a digest of the path, so that every process finds the same one."""
        near = self.root / "run"
        if len(os.fsencode(near / f"{_SOCKET_FILE}.lock")) < _SOCKET_PATH_MAX:
            return near
        return Path("/tmp") / f"tongban-{_digest(self.root)}"  # noqa: S108 - made 0700, and refused if it is another's

    def give(self, path: Path) -> None:
        """Hand `path` to the account that runs the server."""
        if self.uid is not None:
            os.chown(path, self.uid, pwd.getpwuid(self.uid).pw_gid)

    def prepare(self) -> None:
        """Make the folders. Raises DatabaseTrouble when they belong to somebody else."""
        self.root.mkdir(parents=True, exist_ok=True)
        if self.uid is not None:
            self.root.chmod(0o755)
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        self.give(self.sockets)
        wanted = os.geteuid() if self.uid is None else self.uid
        for path in (self.sockets, self.data):
            if path.exists() and (path.is_symlink() or path.stat().st_uid != wanted):
                raise DatabaseTrouble(
                    f"数据库文件夹 {path} 属于用户 {_account_name(path.lstat().st_uid)}，请用该用户或 root 运行"
                )


def locate(folder: Path, *, outside: Path = OUTSIDE) -> ServerFolder:
    """The server's folder for `folder`, which is `folder` itself unless the server could not get into it.

    Root hands the server to an ordinary account; when a folder above is private to root, everything moves below
    `outside`, with a link left in the old place so that a person finds it.
    """
    folder = folder.absolute()
    if os.geteuid() != 0:
        return ServerFolder(folder, None)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if is_open_to_all(folder.parent / "x"):
        return ServerFolder(folder, _account(folder))
    if (folder / "data").exists() and not folder.is_symlink():
        raise DatabaseTrouble(
            f"数据库在 {folder}，但它上面有只让 root 进入的文件夹，普通账户进不去：请对那个文件夹运行 chmod o+x"
        )
    moved = outside / _digest(folder)
    if not folder.exists() and not folder.is_symlink():
        folder.symlink_to(moved)
    moved.mkdir(parents=True, exist_ok=True)
    for place in (outside, moved):
        place.chmod(0o755)
    return ServerFolder(moved, _account(moved))


class FolderLock:
    """Held by the one process that owns the server of a folder. The kernel lets go of it when that process dies."""

    def __init__(self, folder: ServerFolder) -> None:
        self._path = folder.root / "owner.lock"
        self._file: IO[str] | None = None

    def take(self, *, wait: float = 0.0) -> bool:
        """Whether it is ours now; tries for at most `wait` seconds."""
        end = time.monotonic() + wait
        lock = self._path.open("a+")
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= end:
                    lock.close()
                    return False
                time.sleep(0.05)
            else:
                lock.truncate(0)
                lock.write(str(os.getpid()))
                lock.flush()
                self._file = lock
                return True

    def let_go(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def refusal(self) -> FolderTaken:
        owner = ""
        with suppress(OSError):
            owner = self._path.read_text().strip()
        by = f"（进程号 {owner}）" if owner else ""
        return FolderTaken(
            f"数据库文件夹 {self._path.parent} 正由另一个 tongban{by}使用：请先停掉它，或加 --wait 30 等它结束"
        )


def processes_in(data: Path) -> list[int]:
    """Live PostgreSQL processes on `data`: each of them works with the data folder as its working directory.

    A zombie has none, so a dead postmaster that nobody has reaped is not counted. Empty where there is no /proc.
    """
    if not data.exists():
        return []
    here = data.stat()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            cwd = (entry / "cwd").stat()
            if (cwd.st_dev, cwd.st_ino) == (here.st_dev, here.st_ino) and b"postgres" in (
                entry / "cmdline"
            ).read_bytes():
                found.append(int(entry.name))
    return found


def _account(root: Path) -> int:
    """The account that owns existing data, so that it never changes; else the most specific one there is."""
    data = root / "data"
    if data.exists() and data.stat().st_uid != 0:
        return data.stat().st_uid
    for name in _ACCOUNTS:
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    raise DatabaseTrouble(
        "root 不能直接运行数据库，又没有找到普通账户（tongban、postgres 或 nobody）：请换一个普通用户运行"
    )


def _account_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
