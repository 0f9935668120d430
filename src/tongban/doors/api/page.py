"""The open API for people: every operation with its fields, examples and refusals on one page, and for programs."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from litestar import Response, get

from tongban.doors.api import advice, law
from tongban.doors.api.openapi import ABOUT, FORMS, answer_fields, description
from tongban.doors.api.operations import OPERATIONS, Operation, example_path
from tongban.doors.api.problems import CODES, STATUSES
from tongban.doors.documents import RULES_ZH, document
from tongban.doors.http import Request
from tongban.doors.portal.page import page

# A list of all gaps is long; its beginning shows what it looks like.
_LINES_SHOWN_MAX = 40


@get("/api/openapi.json", opt={"who": "public"}, guards=[law.limit_calls], media_type="application/json")
async def openapi_json(request: Request) -> bytes:
    state = request.app.state
    made: bytes | None = state.get("openapi_json")
    if made is None:
        made = state["openapi_json"] = msgspec.json.encode(description(_answers(request)))
    return made


@get("/api", opt={"who": "anyone"})
async def api_page(request: Request) -> Response[bytes]:
    known = _answers(request)
    shown = [_told(request, operation, known) for operation in OPERATIONS]
    codes = [(kind.code, kind.status, told) for kind, told in CODES.items()]
    return page(
        request, "api.html", about=ABOUT, shown=shown, codes=codes, statuses=STATUSES, answer_fields=answer_fields()
    )


def _told(request: Request, operation: Operation, known: Mapping[str, Any]) -> dict[str, Any]:
    name = next(iter(operation.examples), operation.id)
    url = f"{str(request.base_url).rstrip('/')}{example_path(operation)}"
    sent = f" --json '{_pretty(operation.examples[name])}'" if operation.examples else ""
    return {
        "operation": operation,
        "curl": f"curl '{url}'{sent}",
        "answer": _clipped(_pretty(known[name])),
        "shapes": [
            {
                "rule": rule,
                "zh": RULES_ZH.get(rule, ""),
                "fields": shape.fields,
                "example": _pretty(operation.examples[rule or operation.id]),
            }
            for rule, shape in (FORMS[operation.request].shapes.items() if operation.request else ())
        ],
    }


def _answers(request: Request) -> Mapping[str, Any]:
    """What the examples really answer under the law that is loaded, worked out once a process."""
    state = request.app.state
    known: Mapping[str, Any] | None = state.get("api_examples")
    if known is None:
        answers, made = law.answers(request), dict[str, Any]()
        asked: Mapping[str, Callable[[bytes], Any]] = {
            "decide": answers.decide,
            "compute": lambda text: answers.compute(text, explain=True),
            "advise": lambda text: document(advice.told_advice(request, text)),
            "estimate": lambda text: document(advice.told_estimate(request, text)),
        }
        for operation in OPERATIONS:
            for name, value in operation.examples.items():
                made[name] = asked[operation.id](msgspec.json.encode(value))
        made |= {name: document(each) for name, each in law.listings(request).items()}
        known = state["api_examples"] = msgspec.json.decode(msgspec.json.encode(made))
    return known


def _pretty(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _clipped(text: str) -> str:
    lines = text.split("\n")
    return text if len(lines) <= _LINES_SHOWN_MAX else "\n".join([*lines[:_LINES_SHOWN_MAX], "  …"])


route_handlers = [openapi_json, api_page]
