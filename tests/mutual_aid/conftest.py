"""The small country of `settlement_kit`, with families in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from family_kit import Family
from settlement_kit import NOW, PLACES, Hospital, Town, furnish

from tongban import settlement
from tongban.directory import Regions
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, Pool, create_pool
from tongban.law import Pack, load_pack

POLICIES = Path(__file__).resolve().parents[2] / "policies"


@pytest.fixture(scope="session")
def regions() -> Regions:
    return Regions(PLACES, {"140105": "140100", "110105": "110000"})


@pytest.fixture
async def town(owner_db: Connection) -> Town:
    await furnish(owner_db)
    return Town(owner_db)


@pytest.fixture
async def hospital(db: Connection, pack: Pack, regions: Regions, town: Town) -> Hospital:
    await settlement.keep_version(db, pack, now=NOW)
    return Hospital(db, pack, regions)


@pytest.fixture
def family(db: Connection, town: Town, vault: Vault, pack: Pack, regions: Regions) -> Family:
    return Family(db, town, vault, pack, regions)


@pytest.fixture(scope="session")
def several(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """The law as Taiyuan may read it: any number of relatives pay one bill."""
    return _chosen(tmp_path_factory.mktemp("several"), "R-4: several")


@pytest.fixture(scope="session")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """The law as Taiyuan may read it: a thousand yuan stay in the account."""
    return _chosen(tmp_path_factory.mktemp("floor"), "I-33: floor_1000")


@pytest.fixture(scope="session")
def quota(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """The law as if quotas held within Taiyuan too. Across provinces they do, but whoever is insured there settles by
    law that is not loaded here."""
    folder = tmp_path_factory.mktemp("quota")
    (folder / "shanxi" / "taiyuan").mkdir(parents=True)
    (folder / "shanxi" / "taiyuan" / "quota.yaml").write_text(
        """values:
  - parameter: mutual_aid_is_quota
    from: 2026-01-09
    table: {same_pool: true, in_province: true}
    sources: [{id: mutual-aid-2026}]
    confidence: illustrative
    checked_on: 2026-11-22
""",
        encoding="utf-8",
    )
    return load_pack(POLICIES, folder)


def _chosen(folder: Path, choices: str) -> Pack:
    scope = folder / "shanxi" / "taiyuan" / "scope.yaml"
    scope.parent.mkdir(parents=True)
    ours = (POLICIES / "shanxi" / "taiyuan" / "scope.yaml").read_text(encoding="utf-8").splitlines()
    kept = [line for line in ours if not line.startswith("choices")]
    scope.write_text("\n".join([*kept, f"choices: {{{choices}}}", ""]), encoding="utf-8")
    return load_pack(POLICIES, folder)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """Sixteen connections, for things that happen at once."""
    pool = await create_pool(database_url, size_min=16, size_max=16)
    yield pool
    await pool.close()
