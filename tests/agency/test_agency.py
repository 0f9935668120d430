"""Whoever decides at an agency: what they may see, what they must say, and that looking leaves a line."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from tongban.agency import (
    CaseNotFound,
    NothingSaid,
    Operator,
    in_scope,
    log_case_look,
    log_queue_look,
    told,
)
from tongban.agency.rules import SENTENCE_MAX
from tongban.infra.db import Connection

TAIYUAN, DATONG = "140100", "140200"
LI = Operator("李经办", frozenset({TAIYUAN, DATONG}))
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Matter:
    insured_pool: str


def test_a_case_of_another_pool_is_refused_in_the_words_for_no_case() -> None:
    here = Matter(DATONG)
    assert in_scope(LI, here) is here
    said = set()
    for case in (None, Matter("140300")):
        with pytest.raises(CaseNotFound) as refused:
            in_scope(LI, case)
        said.add((type(refused.value), refused.value.code, refused.value.sentence))
    assert len(said) == 1


def test_an_operator_without_pools_sees_nothing() -> None:
    with pytest.raises(CaseNotFound):
        in_scope(Operator("新来的", frozenset()), Matter(TAIYUAN))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (" 血压记录不到三次 ", "血压记录不到三次。"),
        ("请补检查报告。", "请补检查报告。"),
        ("日期看不清！", "日期看不清！"),
        ("字" * SENTENCE_MAX, "字" * SENTENCE_MAX + "。"),
    ],
)
def test_what_the_citizen_reads_ends_as_a_sentence(typed: str, read: str) -> None:
    assert told(typed, "为什么") == read


@pytest.mark.parametrize("typed", ["", "   ", "不行", "字" * (SENTENCE_MAX + 1)])
def test_nothing_said_is_not_said(typed: str) -> None:
    with pytest.raises(NothingSaid, match="写清楚为什么不通过，4 到 200 个字") as refused:
        told(typed, "为什么不通过", field="reason")
    assert refused.value.field == "reason"


async def test_every_look_leaves_a_line_with_who_and_why(db: Connection, owner_db: Connection) -> None:
    await log_queue_look(db, LI, "chronic", shown=3, now=NOW)
    await log_case_look(db, LI, "claim", person_id=7, number="R7", reason="电话咨询", now=NOW)
    queue, case = await owner_db.fetch("select * from infra.audit order by action")
    assert (queue["action"], queue["person_id"], queue["detail"]) == (
        "chronic.queue_viewed",
        None,
        {"pools": [TAIYUAN, DATONG], "shown": 3},
    )
    assert (case["action"], case["person_id"], case["subject"]) == ("claim.viewed", 7, "R7")
    assert {(row["actor"], row["channel"]) for row in (queue, case)} == {("operator:李经办", "review")}
    assert case["detail"] == {"reason": "电话咨询"}
