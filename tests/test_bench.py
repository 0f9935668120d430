"""The benchmarks of the running product still run. What they measure means nothing here; nobody waits for it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "bench", *words], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize(("name", "says"), [("pages", " over a budget"), ("settlement", "ratio to pgbench:")])
def test_a_benchmark_of_the_product_still_runs(name: str, says: str) -> None:
    """To its last line, whatever the figures. The other two need a C compiler and rivals; mypy holds them to what they
    call."""
    done = run("--smallest", name)
    assert says in done.stdout, done.stdout + done.stderr


def test_every_script_is_run_and_a_wrong_name_is_said() -> None:
    scripts = ", ".join(path.name.removesuffix("_bench.py") for path in sorted((ROOT / "bench").glob("*_bench.py")))
    assert scripts in run("--help").stdout
    assert "no benchmark is called nothing" in run("nothing").stderr
