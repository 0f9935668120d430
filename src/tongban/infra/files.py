"""Where sealed pictures lie: a folder by default, S3-compatible storage by setting. What comes here is ciphertext.

A name is a keyed hash (64 hex digits), so neither a listing nor a stolen disk tells whose or what an object is.
"""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import structlog

from tongban.kernel.errors import Refusal

if TYPE_CHECKING:
    from obstore.store import S3Store

    from tongban.settings import S3Settings, Settings

_NAME = re.compile(r"[0-9a-f]{64}")
_DRAFTS = "[0-9a-f][0-9a-f]/.*"

_log = structlog.get_logger("tongban.files")


class FilesWrong(Refusal):
    """The store cannot be used as it was set up."""

    code = "files_wrong"


class FilesUnavailable(Refusal):
    """The store is away, full, or does not let us in. What was to be written is not there, or there as it was."""

    code = "files_unavailable"
    status = 503

    def __init__(self) -> None:
        super().__init__("照片的存储现在用不了，请过几分钟再试；一直这样，请管理员看日志")


class FileMissing(Exception):
    """There is no object of that name."""


class StoredFile(NamedTuple):
    """One object as a listing shows it."""

    name: str
    bytes: int
    modified_at: datetime


class Files(Protocol):
    """Objects by name. Writing a name again replaces the object, whole or not at all; deleting what is gone is done.

    Every call raises FilesUnavailable when the store cannot do it.
    """

    async def put(self, name: str, content: bytes) -> None: ...

    async def get(self, name: str) -> bytes:
        """Raises FileMissing."""
        ...

    async def delete(self, name: str) -> None: ...

    async def tidy(self, before: datetime) -> int:
        """Remove what a process that died left half written, if older; returns how many there were."""
        ...

    def everything(self) -> AsyncIterator[StoredFile]:
        """Every object there is, in no particular order."""
        ...


def files_from(settings: "Settings") -> Files:
    """The store this installation uses. Nothing is read or written yet."""
    if settings.s3 is not None:
        return S3Files(settings.s3)
    return DiskFiles(settings.var_dir / "files")


class DiskFiles:
    """Files under `root`, in 256 folders, readable by this account alone.

    An object is written beside its place, brought to the disk and then renamed: whoever reads sees the old one or the
    new one, also after a power cut.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, name: str, content: bytes) -> None:
        with _available(OSError):
            await asyncio.to_thread(self._put, self._path(name), content)

    async def get(self, name: str) -> bytes:
        with _available(OSError):
            try:
                return await asyncio.to_thread(self._path(name).read_bytes)
            except FileNotFoundError:
                raise FileMissing(name) from None

    async def delete(self, name: str) -> None:
        with _available(OSError):
            await asyncio.to_thread(self._path(name).unlink, missing_ok=True)

    async def tidy(self, before: datetime) -> int:
        with _available(OSError):
            return await asyncio.to_thread(self._tidy, before)

    async def everything(self) -> AsyncIterator[StoredFile]:
        with _available(OSError):
            found = await asyncio.to_thread(lambda: list(self._walk()))
        for entry in found:
            yield entry

    def _path(self, name: str) -> Path:
        return self._root / _checked(name)[:2] / name

    def _put(self, path: Path, content: bytes) -> None:
        for folder in (self._root, path.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The dot keeps it out of listings; the random part lets two processes write one object at once.
        draft = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        _bring_to_disk(path.parent)

    def _tidy(self, before: datetime) -> int:
        gone = 0
        for path in self._root.glob(_DRAFTS):
            with contextlib.suppress(FileNotFoundError):  # renamed into its place while we look
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    gone += 1
        return gone

    def _walk(self) -> Iterator[StoredFile]:
        for path in self._root.glob("[0-9a-f][0-9a-f]/*"):
            if _NAME.fullmatch(path.name):
                with contextlib.suppress(FileNotFoundError):  # deleted while we look
                    stat = path.stat()
                    yield StoredFile(path.name, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))


class S3Files:
    """Objects in one bucket of an S3-compatible service, under a prefix."""

    def __init__(self, settings: "S3Settings") -> None:
        self._settings = settings
        self._opened: S3Store | None = None

    async def put(self, name: str, content: bytes) -> None:
        store, key = self._store(), _checked(name)
        with _available(*self._troubles()):
            await store.put_async(key, content)

    async def get(self, name: str) -> bytes:
        store, key = self._store(), _checked(name)
        with _available(*self._troubles()):
            try:
                found = await store.get_async(key)
                return bytes(await found.bytes_async())
            except FileNotFoundError:
                raise FileMissing(name) from None

    async def delete(self, name: str) -> None:
        store, key = self._store(), _checked(name)
        with _available(*self._troubles()), contextlib.suppress(FileNotFoundError):
            await store.delete_async(key)

    async def tidy(self, before: datetime) -> int:
        return 0  # the service shows an object when it has all of it

    async def everything(self) -> AsyncIterator[StoredFile]:
        pages = aiter(self._store().list())
        while True:
            with _available(*self._troubles()):
                page = await anext(pages, None)
            if page is None:
                return
            for entry in page:
                name = str(entry["path"]).rpartition("/")[2]
                if _NAME.fullmatch(name):
                    yield StoredFile(name, int(entry["size"]), entry["last_modified"])

    @staticmethod
    def _troubles() -> tuple[type[Exception], ...]:
        from obstore.exceptions import BaseError

        return (BaseError, OSError)

    def _store(self) -> "S3Store":
        """Loaded at first use: processes that never touch a picture need not have the library in memory."""
        if self._opened is None:
            from obstore.store import S3Store

            chosen = self._settings
            self._opened = S3Store(
                chosen.bucket,
                prefix=chosen.prefix or None,
                endpoint=chosen.endpoint,
                region=chosen.region,
                access_key_id=chosen.access_key_id,
                secret_access_key=chosen.secret_access_key,
                client_options={
                    "allow_http": chosen.endpoint.startswith("http://"),
                    "timeout": "10s",  # an object has a few megabytes at most
                    "connect_timeout": "5s",
                },
                retry_config={"max_retries": 2},
            )
        return self._opened


@contextlib.contextmanager
def _available(*troubles: type[Exception]) -> Iterator[None]:
    """What the store says goes to the log; whoever asked hears that it is away."""
    try:
        yield
    except troubles as error:
        why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else type(error).__name__
        _log.error("files_unavailable", why=why)
        raise FilesUnavailable from None


def _checked(name: str) -> str:
    """A name goes into a path: nothing but a keyed hash may."""
    if _NAME.fullmatch(name) is None:
        raise ValueError("not the name of an object")
    return name


def _bring_to_disk(folder: Path) -> None:
    """A new name in a folder survives a power cut only once the folder is on the disk, too."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
