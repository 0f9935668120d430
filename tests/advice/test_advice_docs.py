"""The guide's example runs, and prints what the guide says."""

import contextlib
import io
import re
from pathlib import Path

from advice_kit import REGIONS

from tongban.law import Pack

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "advice.md"


def test_the_example_of_the_guide(pack: Pack) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    code, printed = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", text, re.S).groups()  # type: ignore[union-attr]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code, {"pack": pack, "regions": REGIONS})  # noqa: S102
    assert out.getvalue() == printed
