"""The guide's commands run as they are written, and its table is the format."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tongban.population.claims import COLUMNS, WORDS

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "guides" / "simulate.md").read_text(encoding="utf-8")


def test_the_commands_run(tmp_path: Path) -> None:
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    script = "set -eu\n" + "".join(re.findall(r"```bash\n(.*?)```", GUIDE, re.DOTALL)).replace("1000000", "5000")
    variables = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    ran = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "5,000 笔账单" in ran.stdout
    assert (tmp_path / "report.html").is_file()
    assert (tmp_path / "tables" / "by_city.csv").is_file()


def test_the_table_is_the_format() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", GUIDE, re.MULTILINE))
    assert tuple(rows) == COLUMNS
    for name, words in WORDS.items():
        assert set(re.findall(r"`(\w+)`", rows[name])) == set(words)
