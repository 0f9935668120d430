"""The OpenAPI description of the open API, made from the operations and from the shapes of their documents.

The framework's own generator is not used: the bodies are read as bytes, so that every refusal can be precise, and its
pages would load scripts from elsewhere.
"""

from collections.abc import Mapping
from typing import Any

from tongban.doors.api import advice
from tongban.doors.api.operations import OPERATIONS, Operation, Parameter
from tongban.doors.api.problems import STATUSES
from tongban.doors.documents import (
    CASE_FORM,
    LABELS,
    QUESTION_FORM,
    AssessmentDocument,
    ConflictsDocument,
    DecisionDocument,
    Form,
    GapsDocument,
    Label,
    ParameterDocument,
    ParametersDocument,
    Schemas,
    VersionDocument,
)
from tongban.law import BREAKDOWN_TYPES, Step

VERSION = "1"
TITLE = "通办：医保规则开放接口"
ABOUT = (
    "把山西异地就医的规则开放给别的渠道：要不要备案、一笔费用谁付多少、某一天有效的数、没有查到的、有分歧的。"
    "金额是整数，单位是分；比例是整数，单位是万分之一；日期写成 2026-11-20。这里不收任何个人信息。"
)
FORMS: Mapping[str, Form] = {
    "Question": QUESTION_FORM,
    "Case": CASE_FORM,
    "AdviceQuestion": advice.ADVICE_FORM,
    "EstimateQuestion": advice.ESTIMATE_FORM,
}
_RECORDS = (
    DecisionDocument,
    advice.AdviceDocument,
    advice.EstimateDocument,
    ParametersDocument,
    ParameterDocument,
    GapsDocument,
    ConflictsDocument,
    VersionDocument,
)


def description(examples: Mapping[str, Any]) -> dict[str, Any]:
    """The whole document. `examples` are answers by the name of the request example, or by the operation's id."""
    schemas = schemas_of_api()
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation, schemas, examples)
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": VERSION, "description": ABOUT, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": schemas.components},
    }


def schemas_of_api() -> Schemas:
    """Every document that goes in or out, by name."""
    schemas = Schemas()
    for name, form in FORMS.items():
        schemas.of_form(form, name)
    _add_answers(schemas)
    schemas.add("Problem", _PROBLEM)
    return schemas


def answer_fields() -> dict[str, Label]:
    """Every field of every answer, once, in the order in which the labels list them."""
    schemas = Schemas()
    _add_answers(schemas)
    known = {field for each in schemas.components.values() for field in each.get("properties", ())}
    return {name: label for name, label in LABELS.items() if name in known}


def _add_answers(schemas: Schemas) -> None:
    for record in _RECORDS:
        schemas.of_record(record)
    _add_assessments(schemas)


def _add_assessments(schemas: Schemas) -> None:
    """One schema for each rule's answer: which amounts there are depends on the rule."""
    steps = {"type": "array", "items": schemas.of_record(Step), "description": "每一步怎么算。只在要求解释时有"}
    by_rule = {}
    for rule, kind in BREAKDOWN_TYPES.items():
        breakdown = {
            "anyOf": [schemas.of_record(kind), {"type": "null"}],
            "description": "每一步的数。算不出来时是 null",
        }
        by_rule[rule] = schemas.of_record(
            AssessmentDocument,
            name=kind.__name__.replace("Breakdown", "Assessment"),
            rule={"type": "string", "const": rule, "description": "规则"},
            breakdown=breakdown,
            steps=steps,
        )
    schemas.add("AssessmentDocument", schemas.one_of(by_rule))


def _operation(operation: Operation, schemas: Schemas, examples: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.zh,
        "description": operation.description,
        "tags": ["law"],
    }
    if operation.parameters:
        made["parameters"] = [_parameter(parameter) for parameter in operation.parameters]
    if operation.request:
        sent = {name: {"value": value} for name, value in operation.examples.items()}
        content = {"schema": schemas.ref(operation.request), "examples": sent}
        made["requestBody"] = {"required": True, "content": {"application/json": content}}
    shown = {name: {"value": examples[name]} for name in (*operation.examples, operation.id) if name in examples}
    answer = {"schema": schemas.ref(operation.answer), **({"examples": shown} if shown else {})}
    made["responses"] = {"200": {"description": "回答", "content": {"application/json": answer}}}
    for status in operation.refusals:
        problem = {"application/problem+json": {"schema": schemas.ref("Problem")}}
        made["responses"][str(status)] = {"description": STATUSES[status], "content": problem}
    return made


def _parameter(parameter: Parameter) -> dict[str, Any]:
    made = {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.is_required,
        "description": parameter.zh,
        "schema": dict(parameter.schema),
    }
    if parameter.example:
        made["example"] = True if parameter.schema["type"] == "boolean" else parameter.example
    return made


_TEXT = {"type": "string"}
_FIELD = {"anyOf": [_TEXT, {"type": "null"}], "description": "说的是哪个字段；和字段无关时是 null"}
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "没有收下，或没有办成。code 不会变，给程序用；sentence 给人看。",
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT | {"description": "哪里不对、怎么改；几处不对时一处一行"},
        "code": _TEXT,
        "incident": _TEXT | {"description": "平台自己出错时的编号"},
        "errors": {
            "type": "array",
            "description": "每一处不对",
            "items": {
                "type": "object",
                "properties": {"field": _FIELD, "code": _TEXT, "sentence": _TEXT},
                "required": ["field", "code", "sentence"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "code"],
}
