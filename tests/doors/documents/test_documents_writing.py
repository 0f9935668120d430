"""Documents out: the law's answers with every field, and schemas that say the same."""

import json
from dataclasses import fields
from datetime import date
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from tongban.doors.api.openapi import description, schemas_of_api
from tongban.doors.api.operations import CASE_EXAMPLES, QUESTION_EXAMPLE
from tongban.doors.documents import (
    LABELS,
    Answers,
    DecisionDocument,
    conflicts_document,
    document,
    gaps_document,
    parameter_document,
    parameters_document,
    version_document,
)
from tongban.kernel.errors import NotFound, Refusal
from tongban.law import BREAKDOWN_TYPES, CASE_TYPES, Pack, assess, decide_filing, steps

NOVEMBER = date(2026, 11, 22)


@pytest.fixture(scope="module")
def answers(pack: Pack) -> Answers:
    return Answers(pack)


def plain(made: Any) -> Any:
    """As a caller sees it."""
    return json.loads(msgspec.json.encode(made))


def text(example: Any) -> bytes:
    return json.dumps(example).encode()


def check(name: str, made: Any) -> None:
    """Raises ValidationError where the description does not allow what is answered."""
    schema = {**schemas_of_api().components[name], "components": {"schemas": schemas_of_api().components}}
    jsonschema_rs.validate(schema, plain(made))


def test_a_decision_is_all_the_law_said(pack: Pack, answers: Answers) -> None:
    made = plain(answers.decide(text(QUESTION_EXAMPLE)))
    decision = decide_filing(pack, answers.reader.question(text(QUESTION_EXAMPLE)))
    assert list(made) == ["version", *(field.name for field in fields(decision))] == list(DecisionDocument._fields)
    assert made["version"] == pack.version
    assert made["outcome"] == decision.outcome.value
    assert made["sentence"] == decision.sentence
    assert [source["title"] for source in made["sources"]] == [source.title for source in decision.sources]
    assert made["sources"][0]["since"] == str(decision.sources[0].since)


@pytest.mark.parametrize("rule", CASE_TYPES)
def test_an_assessment_is_the_breakdown_or_the_reason_why_there_is_none(
    pack: Pack, answers: Answers, rule: str
) -> None:
    example = text(CASE_EXAMPLES[rule])
    made = plain(answers.compute(example))
    assessed = assess(pack, answers.reader.case(example))
    assert (made["rule"], made["version"], made["confidence"]) == (rule, pack.version, assessed.confidence.value)
    assert made["breakdown"] == (assessed.breakdown and assessed.breakdown._asdict())
    assert (made["breakdown"] is None) == (made["undetermined"] is not None)
    assert made["conflicts"] == list(dict.fromkeys(used.conflict for used in assessed.used.values() if used.conflict))
    assert "steps" not in made


def test_an_explained_assessment_has_every_step(pack: Pack, answers: Answers) -> None:
    example = text(CASE_EXAMPLES["inpatient"])
    told = steps(pack, assess(pack, answers.reader.case(example)).record())
    made = plain(answers.compute(example, explain=True))["steps"]
    assert [step["label"] for step in made] == [step.label for step in told]
    assert made[-1]["sources"] == [
        {**source._asdict(), "since": source.since and str(source.since)} for source in told[-1].sources
    ]


@pytest.mark.parametrize("rule", CASE_TYPES)
@pytest.mark.parametrize("explain", [False, True])
def test_the_description_allows_every_assessment(answers: Answers, rule: str, explain: bool) -> None:
    check("AssessmentDocument", answers.compute(text(CASE_EXAMPLES[rule]), explain=explain))
    check("Case", CASE_EXAMPLES[rule])


def test_the_description_allows_every_listing(pack: Pack, answers: Answers) -> None:
    check("Question", QUESTION_EXAMPLE)
    check("DecisionDocument", answers.decide(text(QUESTION_EXAMPLE)))
    check("ParametersDocument", document(parameters_document(pack)))
    check("GapsDocument", document(gaps_document(pack, NOVEMBER)))
    check("ConflictsDocument", document(conflicts_document(pack, NOVEMBER)))
    check("VersionDocument", document(version_document(pack)))
    for name in (*pack.definitions, *pack.list_definitions):
        for pool in ("", "140200"):
            check("ParameterDocument", document(parameter_document(pack, name, NOVEMBER, pool)))


def test_the_description_refuses_what_the_reader_refuses() -> None:
    schema = {**schemas_of_api().components["Case"], "components": {"schemas": schemas_of_api().components}}
    for wrong in ({"total_fen": -1}, {"total_fen": 1.5}, {"path": "x"}, {"more": 1}, {"settled_on": 5}, {"rule": "x"}):
        assert not jsonschema_rs.is_valid(schema, {**CASE_EXAMPLES["inpatient"], **wrong}), wrong


def test_every_field_of_every_document_is_described_in_chinese() -> None:
    for name, schema in schemas_of_api().components.items():
        for field, described in schema.get("properties", {}).items():
            if name != "Problem":
                assert field in LABELS, f"{name}.{field}"
                assert described["description"].startswith(LABELS[field].zh), f"{name}.{field}"


def test_words_are_described_with_their_labels() -> None:
    path = description({})["components"]["schemas"]["InpatientCase"]["properties"]["path"]
    assert path["x-enum-labels"]["referral"] == "转诊"
    assert "`referral` 转诊" in path["description"]


def test_the_nearest_region_speaks_for_a_pool_and_every_region_for_itself(pack: Pack) -> None:
    own = parameter_document(pack, "inpatient_rate", NOVEMBER, "大同")
    assert own.pool == "140200"
    by_key = {line.keys: line for line in own.values}
    assert by_key["employee", "active", "class_1"].region == "140200"
    assert by_key["resident", "adult", "class_1"].region == "140000"
    assert ("employee", "minor", "class_1") not in by_key
    all_regions = parameter_document(pack, "inpatient_rate", NOVEMBER)
    assert {line.region for line in all_regions.values} > {"140000", "140100", "140200"}
    for line in own.values:
        used = pack.value("140200", "inpatient_rate", line.keys, NOVEMBER)
        assert used is not None
        assert (line.value, line.since, line.conflict) == (used.value, used.since, used.conflict)


def test_an_unknown_name_pool_or_day_is_refused(pack: Pack) -> None:
    with pytest.raises(NotFound, match="是不是 inpatient_rate") as unknown:
        parameter_document(pack, "inpatient_rat", NOVEMBER)
    assert unknown.value.code == "parameter_unknown"
    with pytest.raises(Refusal, match="140100（太原市）"):
        parameter_document(pack, "inpatient_rate", NOVEMBER, "110000")
    with pytest.raises(Refusal, match="还没有收进来"):
        parameter_document(pack, "inpatient_rate", date(1990, 1, 1))


def test_gaps_of_days_with_the_same_law_are_found_once(pack: Pack) -> None:
    first, second = gaps_document(pack, NOVEMBER), gaps_document(pack, date(2026, 11, 23))
    assert first.gaps is second.gaps
    assert (first.on, second.on) == (NOVEMBER, date(2026, 11, 23))
    assert first.gaps


def test_every_breakdown_is_named_after_its_case() -> None:
    assert list(BREAKDOWN_TYPES) == list(CASE_TYPES)
    for rule, kind in BREAKDOWN_TYPES.items():
        assert kind.__name__.removesuffix("Breakdown") == CASE_TYPES[rule].__name__.removesuffix("Case")
