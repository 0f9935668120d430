"""The law for other channels: decide, compute, and what is known, over JSON. No personal data passes here."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath

from tongban.doors.api.operations import BASE
from tongban.doors.documents import (
    Answers,
    FieldType,
    conflicts_document,
    document,
    gaps_document,
    parameter_document,
    parameters_document,
    read_day,
    version_document,
)
from tongban.doors.http import Request, limit_by_address
from tongban.infra.clock import day_of
from tongban.law import Pack, errors

# A case is under one kilobyte.
BODY_BYTES_MAX = 64 * 1024
CALLS_PER_MINUTE_MAX = 600


async def limit_calls(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard: raises TooOften."""
    await limit_by_address(connection, "api", CALLS_PER_MINUTE_MAX)


_ROUTE: dict[str, Any] = {"status_code": 200, "opt": {"who": "public"}, "guards": [limit_calls]}
POST: dict[str, Any] = {**_ROUTE, "request_max_body_size": BODY_BYTES_MAX}


@post(f"{BASE}/decide", **POST)
async def decide(request: Request) -> Response[bytes]:
    query(request)
    return answer(answers(request).decide(await request.body()))


@post(f"{BASE}/compute", **POST)
async def compute(request: Request) -> Response[bytes]:
    given = query(request, "explain")
    return answer(answers(request).compute(await request.body(), explain=_flag(given, "explain")))


@get(f"{BASE}/parameters", **_ROUTE)
async def list_parameters(request: Request) -> Response[bytes]:
    query(request)
    return answer(document(parameters_document(_pack(request))))


@get(f"{BASE}/parameters/{{name:str}}", **_ROUTE)
async def show_parameter(request: Request, name: FromPath[str]) -> Response[bytes]:
    given = query(request, "on", "pool")
    return answer(document(parameter_document(_pack(request), name, _day(request, given), given.get("pool", ""))))


@get(f"{BASE}/gaps", **_ROUTE)
async def list_gaps(request: Request) -> Response[bytes]:
    return answer(document(gaps_document(_pack(request), _day(request, query(request, "on")))))


@get(f"{BASE}/conflicts", **_ROUTE)
async def list_conflicts(request: Request) -> Response[bytes]:
    query(request)
    return answer(document(conflicts_document(_pack(request), _today(request))))


@get(f"{BASE}/version", **_ROUTE)
async def show_version(request: Request) -> Response[bytes]:
    query(request)
    return answer(document(version_document(_pack(request))))


def answers(request: Request) -> Answers:
    """This process's reader and writer of documents, made at its first question."""
    state = request.app.state
    known: Answers | None = state.get("law_answers")
    if known is None:
        known = state["law_answers"] = Answers(state.pack)
    return known


def listings(request: Request) -> Mapping[str, Any]:
    """What each operation that asks nothing answers today, by its id: examples for the description and the page."""
    pack, today = _pack(request), _today(request)
    return {
        "list_parameters": parameters_document(pack),
        "show_parameter": parameter_document(pack, "inpatient_adjustment", today, "140100"),
        "list_gaps": gaps_document(pack, today),
        "list_conflicts": conflicts_document(pack, today),
        "show_version": version_document(pack),
    }


def answer(made: Any) -> Response[bytes]:
    return Response(msgspec.json.encode(made), media_type="application/json")


def query(request: Request, *known: str) -> Mapping[str, str]:
    """The query's values by name. Raises FieldUnknown for a name not in `known`, FieldType for one written twice."""
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            allowed = f"可以写的有 {'、'.join(known)}" if known else "这里不用写"
            raise errors.FieldUnknown(f"网址里不认识的“{name[:40]}”：{allowed}", field=name[:40])
        if name in given:
            raise FieldType(f"网址里 {name} 写了两次，请只写一次", field=name)
        given[name] = value
    return given


def _pack(request: Request) -> Pack:
    pack: Pack = request.app.state.pack
    return pack


def _today(request: Request) -> date:
    return day_of(request.app.state.clock())


def _day(request: Request, given: Mapping[str, str]) -> date:
    return read_day(given["on"], "on") if "on" in given else _today(request)


def _flag(given: Mapping[str, str], name: str) -> bool:
    text = given.get(name, "false")
    if text not in ("true", "false"):
        raise FieldType(f"{name} 只能写 true 或 false，现在是“{text[:40]}”", field=name)
    return text == "true"


route_handlers = [decide, compute, list_parameters, show_parameter, list_gaps, list_conflicts, show_version]
