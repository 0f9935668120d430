"""``tongban law generate`` and ``tongban law simulate``, as an official runs them."""

import json
import subprocess
import sys
from pathlib import Path

DRAFT = """
values:
  - parameter: inpatient_rate
    from: 2026-07-01
    table: {resident: {any: {class_1: 6200}}}
    sources: [{id: draft-notice}]
    confidence: illustrative
    checked_on: 2026-11-22
"""
SOURCES = "sources:\n  draft-notice: {title: 测试用的草案, issuer: 没有, date: 2026-05-20, confidence: illustrative}\n"

WITHOUT_PYARROW = "import sys; sys.modules['pyarrow'] = None; from tongban.doors.cli import main; main()"


def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
    program = Path(sys.executable).with_name("tongban")
    return subprocess.run([program, "law", *map(str, arguments)], capture_output=True, text=True, check=False)


def draft(folder: Path) -> Path:
    (folder / "shanxi" / "taiyuan").mkdir(parents=True)
    (folder / "shanxi" / "taiyuan" / "draft.yaml").write_text(DRAFT, encoding="utf-8")
    (folder / "sources-draft.yaml").write_text(SOURCES, encoding="utf-8")
    return folder


def test_a_draft_is_tried_from_made_up_claims_to_a_report(tmp_path: Path) -> None:
    claims, folder = tmp_path / "claims.parquet", draft(tmp_path / "draft")
    made = run("generate", claims, "--claims", 20_000, "--seed", 3, "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["claims"] == 20_000

    report, tables = tmp_path / "report.html", tmp_path / "tables"
    asked = ("simulate", claims, "--draft", folder, "--threads", 2)
    told = run(*asked, "--report", report, "--tables", tables)
    assert told.returncode == 0, told.stderr
    assert "20,000 笔账单" in told.stdout
    assert "基金：在用" in told.stdout
    assert f"报告：{report}" in told.stdout
    assert "太原市" in report.read_text(encoding="utf-8")
    assert (tables / "by_city.csv").is_file()

    numbers = json.loads(run(*asked, "--json").stdout)
    assert numbers["claims"] == 20_000
    assert numbers["funds_change_fen"] > 0
    assert numbers["persons_pay_less"] > numbers["persons_pay_more"]


def test_what_is_wrong_is_one_sentence(tmp_path: Path) -> None:
    nowhere = run("simulate", tmp_path / "nowhere.parquet", "--draft", draft(tmp_path / "draft"))
    assert nowhere.returncode == 1
    assert nowhere.stderr.startswith("没有找到")
    none = run("generate", tmp_path / "c.parquet", "--claims", 0)
    assert (none.returncode, none.stderr) == (1, "至少要生成 1 笔账单\n")
    unwritable = run("generate", tmp_path / "no" / "c.parquet", "--claims", 10)
    assert unwritable.returncode == 1
    assert unwritable.stderr.startswith("写不了")


def test_without_the_batch_packages_it_says_how_to_get_them(tmp_path: Path) -> None:
    asked = ["law", "generate", str(tmp_path / "c.parquet"), "--claims", "10"]
    answer = subprocess.run(
        [sys.executable, "-c", WITHOUT_PYARROW, *asked], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 1
    assert answer.stderr == "还没有装批量计算要用的软件包，请先运行 scripts/bootstrap.sh batch\n"
