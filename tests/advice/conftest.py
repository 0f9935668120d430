"""Other readings of the contradictions."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tongban.law import Pack, load_pack

POLICIES = Path(__file__).parents[2] / "policies"


@pytest.fixture
def choose(tmp_path: Path) -> Callable[[str, str], Pack]:
    """The law as 太原 would have it with another reading of one contradiction."""

    def with_reading(conflict: str, reading: str) -> Pack:
        scope = Path("shanxi/taiyuan/scope.yaml")
        draft = tmp_path / scope
        draft.parent.mkdir(parents=True)
        said = yaml.safe_load((POLICIES / scope).read_text(encoding="utf-8"))
        said["choices"] = said.get("choices", {}) | {conflict: reading}
        draft.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
        return load_pack(POLICIES, tmp_path)

    return with_reading
