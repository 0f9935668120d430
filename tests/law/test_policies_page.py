"""The page that says how policies are written names everything they may say."""

from pathlib import Path

from tongban.law.parameters import KEY_WORDS, UNITS
from tongban.law.tables import TABLES, YES_NO

PAGE = (Path(__file__).parents[2] / "docs/reference/policies.md").read_text(encoding="utf-8")


def test_the_page_names_every_word_a_policy_may_use() -> None:
    words = {*UNITS, *KEY_WORDS, *TABLES}
    words |= {word for some in KEY_WORDS.values() for word in some}
    for table in TABLES.values():
        words |= {word for some in table.inputs.values() for word in some if some != YES_NO}
        words |= {name for name, some in table.inputs.items() if some != YES_NO} | set(table.outcomes)
    assert sorted(word for word in words if f"`{word}`" not in PAGE) == []
