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

from tongban.kernel.errors import Refusal

if TYPE_CHECKING:
    from obstore.store import S3Store

    from tongban.settings import S3Settings, Settings

_NAME = re.compile(r"[0-9a-f]{64}")


class FilesWrong(Refusal):
    """The store cannot be used as it was set up."""

    code = "files_wrong"


class FileMissing(Exception):
    """There is no object of that name."""


class StoredFile(NamedTuple):
    """One object as a listing shows it."""

    name: str
    bytes: int
    modified_at: datetime


class Files(Protocol):
    """Objects by name. Writing a name again replaces the object, whole or not at all; deleting what is gone is done."""

    async def put(self, name: str, content: bytes) -> None: ...

    async def get(self, name: str) -> bytes:
        """Raises FileMissing."""
        ...

    async def delete(self, name: str) -> None: ...

    async def exists(self, name: str) -> bool: ...

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
        await asyncio.to_thread(self._put, self._path(name), content)

    async def get(self, name: str) -> bytes:
        try:
            return await asyncio.to_thread(self._path(name).read_bytes)
        except FileNotFoundError:
            raise FileMissing(name) from None

    async def delete(self, name: str) -> None:
        await asyncio.to_thread(self._path(name).unlink, missing_ok=True)

    async def exists(self, name: str) -> bool:
        return await asyncio.to_thread(self._path(name).is_file)

    async def everything(self) -> AsyncIterator[StoredFile]:
        for found in await asyncio.to_thread(lambda: list(self._walk())):
            yield found

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
        await self._store().put_async(_checked(name), content)

    async def get(self, name: str) -> bytes:
        try:
            found = await self._store().get_async(_checked(name))
            return bytes(await found.bytes_async())
        except FileNotFoundError:
            raise FileMissing(name) from None

    async def delete(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            await self._store().delete_async(_checked(name))

    async def exists(self, name: str) -> bool:
        try:
            await self._store().head_async(_checked(name))
        except FileNotFoundError:
            return False
        return True

    async def everything(self) -> AsyncIterator[StoredFile]:
        async for page in self._store().list():
            for entry in page:
                name = str(entry["path"]).rpartition("/")[2]
                if _NAME.fullmatch(name):
                    yield StoredFile(name, int(entry["size"]), entry["last_modified"])

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
                    "timeout": "30s",
                    "connect_timeout": "5s",
                },
                retry_config={"max_retries": 2},
            )
        return self._opened


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
