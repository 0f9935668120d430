"""``tongban law``: the program as officials and other programs run it, without any database."""

import io
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from tongban.doors.api.operations import CASE_EXAMPLES, QUESTION_EXAMPLE
from tongban.doors.cli import app
from tongban.doors.cli.law_lines import LINE_BYTES_MAX, answer_lines, blocks
from tongban.doors.documents import Answers
from tongban.law import Pack

PROGRAM = Path(sys.executable).with_name("tongban")
POLICIES = Path(__file__).parents[3] / "policies"
STAY = CASE_EXAMPLES["inpatient"]

Law = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def law(tmp_path: Path) -> Law:
    def run(*arguments: str, sent: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
        # No DATABASE_URL and nothing that could start a database: these commands need none.
        variables = {"PATH": "/nowhere", "LANG": "C.UTF-8", "COLUMNS": "120", "TONGBAN_VAR": str(tmp_path / "var")}
        done = subprocess.run(
            [str(PROGRAM), "law", *arguments],
            env=variables | environment,
            input=sent,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert not (tmp_path / "var").exists()
        return done

    return run


def lines_of(*documents: Any) -> str:
    return "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents)


# -- show ----------------------------------------------------------------------------------------------------------


def test_show_tells_value_day_source_and_confidence_in_words(law: Law) -> None:
    done = law("show", "inpatient_adjustment", "--pool", "大同", "--on", "2026-11-20")
    assert done.returncode == 0, done.stderr
    for words in (
        "异地住院加减的百分点",
        "2026年11月20日，大同市",
        "少 5 个百分点",
        "2025-01-01 起",
        "依据：",
        "官方来源",
    ):
        assert words in done.stdout, words


def test_show_prints_json_for_programs(law: Law) -> None:
    shown = json.loads(law("show", "inpatient_ceiling", "--pool", "140100", "--on", "2026-11-20", "--json").stdout)
    assert (shown["parameter"], shown["unit"], shown["on"], shown["pool"]) == (
        "inpatient_ceiling",
        "fen",
        "2026-11-20",
        "140100",
    )
    assert [value["keys"] for value in shown["values"]] == [["employee"], ["resident"]]
    assert all(value["sources"] and value["since"] for value in shown["values"])


def test_show_without_a_name_lists_all_names_whole(law: Law) -> None:
    done = law("show", COLUMNS="60")
    assert done.returncode == 0
    for name in ("critical_illness_second_threshold", "filing_start_precedes_admission", "mutual_aid_kin"):
        assert name in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["inpatient_rat"], "是不是 inpatient_rate"),
        (["inpatient_rate", "--pool", "北京"], "140100（太原市）"),
        (["inpatient_rate", "--on", "昨天"], "看不懂"),
        (["inpatient_rate", "--on", "1990-01-01"], "还没有收进来"),
    ],
)
def test_show_says_what_is_wrong_in_one_sentence(law: Law, arguments: list[str], words: str) -> None:
    done = law("show", *arguments)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


# -- decide and compute --------------------------------------------------------------------------------------------


def test_each_line_in_is_one_line_out_in_order(law: Law) -> None:
    sent = lines_of(STAY, {**STAY, "total_fen": 1}) + "nonsense\n\n" + lines_of(CASE_EXAMPLES["account_only"])
    done = law("compute", sent=sent)
    assert done.returncode == 1
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["line"] for answer in answers] == [1, 2, 3, 4, 5]
    assert [answer.get("error", {}).get("code") for answer in answers] == [
        None,
        "in_scope_above_total",
        "document_malformed",
        "document_malformed",
        None,
    ]
    assert set(answers[1]["error"]) == {"code", "sentence", "field"}
    assert answers[0]["result"]["breakdown"]["pooled_fund_fen"] == 1_885_400
    assert answers[4]["result"]["breakdown"]["person_share_fen"] == 8_600
    assert "共 5 行" in done.stderr
    assert "没有收下 3 行" in done.stderr


def test_all_lines_answered_is_success(law: Law, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    # As some editors of another system write it: a byte order mark, \r\n, no newline at the end.
    file.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(json.dumps(QUESTION_EXAMPLE).encode() for _ in range(3)))
    done = law("decide", str(file))
    assert done.returncode == 0, done.stdout
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["result"]["outcome"] for answer in answers] == ["deemed"] * 3


def test_an_undetermined_case_is_an_answer(law: Law) -> None:
    unknown = {**STAY, "insured_pool": "140400", "insurance_type": "employee", "category": "active"}
    done = law("compute", sent=lines_of(unknown))
    assert done.returncode == 0
    result = json.loads(done.stdout)["result"]
    assert result["breakdown"] is None
    assert result["undetermined"]["missing"]
    assert result["undetermined"]["ask"]
    assert "没有查到规定 1 行" in done.stderr


def test_explain_adds_the_steps(law: Law) -> None:
    done = law("compute", "--explain", sent=lines_of(STAY))
    told = json.loads(done.stdout)["result"]["steps"]
    assert told[0]["label"] == "总费用"
    assert any(step["sources"] for step in told)


def test_a_missing_file_is_said_so(law: Law, tmp_path: Path) -> None:
    done = law("compute", str(tmp_path / "none.jsonl"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "没有文件" in done.stderr


def test_an_overlay_changes_the_answer_and_nothing_else(law: Law, tmp_path: Path) -> None:
    draft = tmp_path / "draft" / "shanxi"
    draft.mkdir(parents=True)
    text = (POLICIES / "shanxi" / "residents_inpatient.yaml").read_text(encoding="utf-8")
    assert "referral: -500" in text
    (draft / "residents_inpatient.yaml").write_text(text.replace("referral: -500", "referral: -800"), encoding="utf-8")
    done = law("compute", "--policies", str(draft.parent), sent=lines_of(STAY))
    assert json.loads(done.stdout)["result"]["breakdown"]["final_rate_bp"] == 5_200
    assert json.loads(law("compute", sent=lines_of(STAY)).stdout)["result"]["breakdown"]["final_rate_bp"] == 5_500


def test_a_conversation_is_answered_line_by_line(tmp_path: Path) -> None:
    """Another program may wait for each answer before it asks on."""
    with subprocess.Popen(
        [str(PROGRAM), "law", "compute"],
        env={"PATH": "/nowhere", "LANG": "C.UTF-8", "TONGBAN_VAR": str(tmp_path / "var")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as talking:
        assert talking.stdin is not None
        assert talking.stdout is not None
        for number in (1, 2, 3):
            talking.stdin.write(lines_of(STAY).encode())
            talking.stdin.flush()
            assert json.loads(talking.stdout.readline())["line"] == number
        talking.stdin.close()
        assert talking.wait(timeout=30) == 0


def test_a_reader_who_has_enough_ends_it_quietly(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{PROGRAM} law compute {_many(tmp_path, 3_000)} | head -n 2"],
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TONGBAN_VAR": str(tmp_path / "var")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr == ""


def _many(folder: Path, number: int) -> Path:
    path = folder / "many.jsonl"
    path.write_text(lines_of(STAY) * number, encoding="utf-8")
    return path


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=60).filter(lambda line: b"\n" not in line),
            st.just(json.dumps(STAY).encode()),
            st.just(b" " * (LINE_BYTES_MAX + 5)),
        ),
        max_size=6,
    ),
    st.booleans(),
)
def test_junk_gives_exactly_one_line_for_each_of_its_lines(pack: Pack, lines: list[bytes], ends: bool) -> None:
    sent = b"\n".join(lines) + (b"\n" if ends and lines else b"")
    sink = io.BytesIO()
    tally = answer_lines(Answers(pack).compute, io.BufferedReader(io.BytesIO(sent)), sink)  # type: ignore[arg-type]
    written = [json.loads(line) for line in sink.getvalue().splitlines()]
    expected = sent.count(b"\n") + (not sent.endswith(b"\n") and bool(sent))
    assert [line["line"] for line in written] == list(range(1, expected + 1))
    assert all(("result" in line) != ("error" in line) for line in written)
    assert tally.lines == expected
    assert tally.refused == sum("error" in line for line in written)


def test_lines_arrive_whole_however_the_input_is_cut() -> None:
    class Dribble(io.RawIOBase):
        """Gives three bytes at a time."""

        def __init__(self, content: bytes) -> None:
            self.content = io.BytesIO(content)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            piece = self.content.read(3)
            buffer[: len(piece)] = piece
            return len(piece)

    content = "一二三\n四\n\n五六".encode()
    arrived = [line for block in blocks(io.BufferedReader(Dribble(content), 3)) for line in block]
    assert arrived == content.split(b"\n")


def test_a_line_without_end_is_refused_without_being_kept(pack: Pack) -> None:
    class Endless(io.RawIOBase):
        """Two hundred megabytes of one line, then a question."""

        def __init__(self) -> None:
            self.left = 200 * 1024 * 1024
            self.tail = io.BytesIO(b"\n" + json.dumps(QUESTION_EXAMPLE).encode() + b"\n")

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            if self.left > 0:
                self.left -= len(buffer)
                buffer[:] = b"x" * len(buffer)
                return len(buffer)
            piece = self.tail.read(len(buffer))
            buffer[: len(piece)] = piece
            return len(piece)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sink = io.BytesIO()
    answer_lines(Answers(pack).decide, io.BufferedReader(Endless(), 64 * 1024), sink)
    first, second = (json.loads(line) for line in sink.getvalue().splitlines())
    assert first["error"]["code"] == "document_too_long"
    assert second["result"]["outcome"] == "deemed"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024


# -- gaps, conflicts, check ----------------------------------------------------------------------------------------


def test_gaps_say_what_where_why_and_whom_to_ask(law: Law) -> None:
    done = law("gaps", "--on", "2026-11-20")
    assert done.returncode == 0, done.stderr
    for words in ("2026年11月20日没有查到的", "请问山西省医疗保险管理服务中心", "异地住院加减的百分点", "不当成不降"):
        assert words in done.stdout, words
    found = json.loads(law("gaps", "--on", "2026-11-20", "--json").stdout)
    assert {"region_zh", "zh", "keys_zh", "why", "ask"} <= set(found["gaps"][0])


def test_conflicts_say_both_readings_the_default_and_when_to_look_again(law: Law) -> None:
    done = law("conflicts", "--on", "2026-11-20")
    for words in ("I-1  跨省去看病", "● 默认用 视同已备案", "○ 先备案", "为什么：", "2027年3月31日再看"):
        assert words in done.stdout, words
    assert "已经到了" not in done.stdout
    later = law("conflicts", "--on", "2030-01-01").stdout
    assert "到了该再看的日子：" in later
    assert "2027年3月31日再看，已经到了" in later


def test_check_runs_the_cases_under_an_overlay_and_names_the_wrong_ones(law: Law, tmp_path: Path) -> None:
    draft = tmp_path / "draft" / "shanxi"
    draft.mkdir(parents=True)
    shutil.copy(POLICIES / "shanxi" / "residents_inpatient.yaml", draft)
    path = draft / "residents_inpatient.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("referral: -500", "referral: -800"), encoding="utf-8")
    done = law("check", "--policies", str(draft.parent))
    assert done.returncode == 1
    assert "规则装入了" in done.stdout
    assert "个不对" in done.stderr
    assert "final_rate 应该是 55%，算出来是 52%" in done.stderr


def test_check_lists_every_fault_of_policies_that_do_not_load(law: Law, tmp_path: Path) -> None:
    draft = tmp_path / "draft"
    draft.mkdir()
    (draft / "bad.yaml").write_text("values: [{parameter: none}]\nodd: 1\n", encoding="utf-8")
    done = law("check", "--policies", str(draft))
    assert done.returncode == 1
    assert "bad.yaml" in done.stderr
    assert "不认识的键 odd" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_product_s_own_policies_pass_the_check(law: Law) -> None:
    done = law("check")
    assert done.returncode == 0, done.stderr
    assert "个算例都对" in done.stdout
    assert "恰好有一个答案" in done.stdout


def test_every_command_has_help_in_chinese(law: Law) -> None:
    listed = law("--help").stdout
    for command in ("show", "decide", "compute", "gaps", "conflicts", "check"):
        assert command in listed
        told = CliRunner().invoke(app, ["law", command, "--help"], prog_name="tongban")
        assert told.exit_code == 0
        assert "选项" in told.stdout
