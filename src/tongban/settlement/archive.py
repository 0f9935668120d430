"""The archive of the law: the text of every version something was settled under, so that any of it can be computed
again, whatever has become of the policy folder since."""

from collections.abc import Collection
from datetime import datetime

from tongban.infra.db import Db
from tongban.law import Pack, PolicyError, pack_of
from tongban.settlement import store_versions

# A version is the hash of its text, so what is read once stays true. A few, because each holds the whole law.
_READ_MAX = 16
_read: dict[str, Pack] = {}


async def keep_version(db: Db, pack: Pack, *, now: datetime) -> None:
    """Put the law into the archive, before anything is settled under it. Kept already, it stays as it is."""
    await store_versions.keep(db, pack.version, pack.text, now)


async def packs_of(db: Db, versions: Collection[str], *packs: Pack) -> dict[str, Pack]:
    """The law of each of `versions`: one of `packs` if it is that, else from the archive.

    A version that is not in the archive, or whose text this program can no longer read, is absent.
    """
    known = {**_read, **{pack.version: pack for pack in packs}}
    found = {version: known[version] for version in versions if version in known}
    missing = [version for version in versions if version not in known]
    if missing:
        for version, text in (await store_versions.texts(db, missing)).items():
            pack = _readable(text)
            if pack is not None:
                found[version] = pack
                _remember(pack)
    return found


def _readable(text: str) -> Pack | None:
    try:
        return pack_of(text)
    except PolicyError:
        return None


def _remember(pack: Pack) -> None:
    while len(_read) >= _READ_MAX:
        _read.pop(next(iter(_read)))
    _read[pack.version] = pack
