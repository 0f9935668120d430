"""docs/reference/law.md says what the code says, and its examples run as they stand."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from reference_kit import filled

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "law.md"
PROGRAMS = Path(sys.executable).parent


def examples(language: str) -> str:
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))


def test_the_tables_of_the_reference_are_those_of_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    if os.environ.get("TONGBAN_WRITE_DOCS") == "1":
        PAGE.write_text(filled(page), encoding="utf-8")
        page = PAGE.read_text(encoding="utf-8")
    assert page == filled(page), "write them anew: see reference_kit.py"


def test_the_commands_of_the_reference_run_as_they_stand(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", "set -euo pipefail\n" + examples("bash")],
        env={"PATH": f"{PROGRAMS}:{os.environ['PATH']}", "LANG": "C.UTF-8", "TONGBAN_VAR": str(tmp_path / "var")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    documents = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    results = [document["result"] for document in documents if "result" in document]
    assert [result.get("outcome") for result in results] == ["deemed", None, None]
    assert results[1]["breakdown"]["pooled_fund_fen"] == results[2]["breakdown"]["pooled_fund_fen"] == 1_885_400
    assert results[2]["steps"]
    assert [sorted(document) for document in documents if "result" not in document] == [
        ["keys", "on", "parameter", "pool", "unit", "values", "version", "zh"],
        ["gaps", "on", "version"],
        ["conflicts", "on", "version"],
    ]
