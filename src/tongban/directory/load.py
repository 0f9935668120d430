"""Loading the shipped reference tables. Loading again changes nothing that is the same."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from tongban.directory import store
from tongban.directory.source_files import FILES, FileSpec, Problem, Record, Sources
from tongban.infra.db import Db

# Part of every fingerprint: raise it when the same file would make other records, and every installation reloads.
_LOADER_VERSION = "1"
_BATCH = 500

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with a file's Chinese name, records written so far, and records in all."""


@dataclass(frozen=True, slots=True)
class FileReport:
    file_name: str
    zh: str
    records: int
    changed: int  # rows written because they are new or different
    is_unchanged: bool  # the same file as last time: not even looked at
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoadReport:
    files: tuple[FileReport, ...]

    @property
    def problems(self) -> list[Problem]:
        return [problem for file in self.files for problem in file.problems]


class _DryRun(Exception):
    """Ends the transaction of a dry run; it carries what would have happened."""


async def load_directory(
    owner_db: Db,
    data_dir: Path,
    *,
    now: datetime,
    is_dry_run: bool = False,
    on_progress: Progress = lambda zh, done, total: None,
) -> LoadReport:
    """Load every file of `data_dir` in one transaction, as the owner of the schema.

    Bad rows are left out and reported; a file that had any is not remembered as loaded, so the complaint comes back
    until it is mended. Rows that vanished from a file stay: people's records may name them. A dry run does the same
    and undoes it.
    """
    sources = Sources(lambda file_name: (data_dir / file_name).read_bytes())
    try:
        async with owner_db.transaction():
            reports = [await _load_file(owner_db, spec, sources, now, on_progress) for spec in FILES]
            if is_dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return LoadReport(tuple(reports))


async def _load_file(
    owner_db: Db, spec: FileSpec, sources: Sources, now: datetime, on_progress: Progress
) -> FileReport:
    sha256 = _fingerprint(spec, sources)
    if sha256 and sha256 == await store.loaded_sha256(owner_db, spec.file_name):
        on_progress(spec.zh, 1, 1)
        return FileReport(spec.file_name, spec.zh, 0, 0, True, (), ())
    parsed = sources.parsed(spec)
    changed = await store.upsert(
        owner_db, spec.table, spec.columns, spec.key, _batches(parsed.records, spec.zh, on_progress)
    )
    if sha256 and not parsed.problems:
        await store.note_loaded(owner_db, spec.file_name, sha256, len(parsed.records), now)
    return FileReport(
        spec.file_name, spec.zh, len(parsed.records), changed, False, tuple(parsed.problems), tuple(parsed.notes)
    )


def _batches(records: Sequence[Record], zh: str, on_progress: Progress) -> Iterator[Sequence[Record]]:
    on_progress(zh, 0, len(records))
    for start in range(0, len(records), _BATCH):
        yield records[start : start + _BATCH]
        on_progress(zh, min(start + _BATCH, len(records)), len(records))


def _fingerprint(spec: FileSpec, sources: Sources) -> str:
    """A hash of everything that the file's records are made of; empty while one of the files is missing."""
    digest = hashlib.sha256(_LOADER_VERSION.encode())
    try:
        for file_name in (spec.file_name, *spec.needs):
            digest.update(hashlib.sha256(sources.bytes_of(file_name)).digest())
    except FileNotFoundError:
        return ""
    return digest.hexdigest()
