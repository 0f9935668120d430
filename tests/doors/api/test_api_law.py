"""The open API over real ASGI and PostgreSQL: answers, refusals, limits, and what is promised of every route."""

import json
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from tongban.doors.api import OPERATIONS, law
from tongban.doors.api.operations import (
    ADVICE_EXAMPLE,
    BASE,
    CASE_EXAMPLES,
    ESTIMATE_EXAMPLE,
    QUESTION_EXAMPLE,
    example_path,
)
from tongban.doors.api.problems import CODES
from tongban.kernel.money import AMOUNT_MAX_FEN

pytestmark = pytest.mark.anyio
STAY = CASE_EXAMPLES["inpatient"]


async def test_a_question_is_decided(api: httpx.AsyncClient) -> None:
    response = await api.post(f"{BASE}/decide", json=QUESTION_EXAMPLE)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    decision = response.json()
    assert decision["outcome"] == "deemed"
    assert decision["conflict"] == "I-1"
    assert decision["sources"]


async def test_a_case_is_computed_and_explained_on_request(api: httpx.AsyncClient) -> None:
    plain = (await api.post(f"{BASE}/compute", json=STAY)).json()
    assert plain["breakdown"]["pooled_fund_fen"] == 1_885_400
    assert "steps" not in plain
    told = (await api.post(f"{BASE}/compute?explain=true", json=STAY)).json()
    assert told["breakdown"] == plain["breakdown"]
    assert told["steps"][0]["effect"] == "base"


async def test_what_no_source_says_is_an_answer_not_an_error(api: httpx.AsyncClient) -> None:
    unknown = {**STAY, "insured_pool": "140400", "insurance_type": "employee", "category": "active"}
    response = await api.post(f"{BASE}/compute", json=unknown)
    assert response.status_code == 200
    assert response.json()["breakdown"] is None
    assert response.json()["undetermined"]["ask"].startswith("长治市")


async def test_the_law_answers_without_any_row_of_data_for_everyone(api: httpx.AsyncClient) -> None:
    for operation in OPERATIONS:
        if operation.method == "get":
            response = await api.get(example_path(operation))
            assert response.status_code == 200, operation.id
            assert response.json()["version"]
            assert "set-cookie" not in response.headers


async def test_values_are_those_of_the_day_and_the_place(api: httpx.AsyncClient) -> None:
    url = f"{BASE}/parameters/inpatient_deductible"
    today = (await api.get(url, params={"pool": "太原"})).json()
    assert (today["on"], today["pool"]) == ("2026-11-22", "140100")
    named = (await api.get(url, params={"pool": "140100", "on": "2026-11-22"})).json()
    assert named == today
    everywhere = (await api.get(url)).json()
    assert {value["region"] for value in everywhere["values"]} >= {"140000", "140100", "140200"}


async def test_advice_says_what_to_file_and_what_it_saves(api: httpx.AsyncClient) -> None:
    told = (await api.post(f"{BASE}/advise", json=ADVICE_EXAMPLE)).json()
    assert (told["outcome"], told["locality"]) == ("deemed", "cross_province")
    long_term = (await api.post(f"{BASE}/advise", json={**ADVICE_EXAMPLE, "situation": "long_term"})).json()
    assert long_term["filed_by"] == "self"
    assert long_term["filing_kinds"][0]["materials"]
    assert long_term["saving_fen"] > 0


async def test_an_estimate_compares_the_ways_of_one_bill(api: httpx.AsyncClient) -> None:
    compared = (await api.post(f"{BASE}/estimate", json=ESTIMATE_EXAMPLE)).json()
    home, *away = compared["options"]
    assert home["situations"] == []
    assert home["difference_fen"] == 0
    assert {situation for option in away for situation in option["situations"]} == {
        *("long_term", "referral", "emergency", "own_choice")
    }
    for option in compared["options"]:
        assert option["person_share_fen"] + option["fund_fen"] == ESTIMATE_EXAMPLE["total_fen"]
        assert option["difference_fen"] == option["person_share_fen"] - home["person_share_fen"]


async def test_an_estimate_counts_the_year_so_far(api: httpx.AsyncClient) -> None:
    first = (await api.post(f"{BASE}/estimate", json=ESTIMATE_EXAMPLE)).json()["options"][0]
    second = (await api.post(f"{BASE}/estimate", json={**ESTIMATE_EXAMPLE, "stays_before": 1})).json()["options"][0]
    assert second["fund_fen"] > first["fund_fen"]


BAD_REQUESTS: list[tuple[str, str, Any, int, str, str | None]] = [
    ("post", "/decide", b"", 400, "document_malformed", None),
    ("post", "/decide", b"[]", 400, "document_malformed", None),
    ("post", "/decide", {**QUESTION_EXAMPLE, "care": "dental"}, 422, "word_unknown", "care"),
    ("post", "/decide", {**QUESTION_EXAMPLE, "insured_pool": "990000"}, 422, "pool_unknown", "insured_pool"),
    ("post", "/decide", {**QUESTION_EXAMPLE, "on": "1990-01-01"}, 422, "day_outside_law", "on"),
    ("post", "/decide?x=1", QUESTION_EXAMPLE, 422, "field_unknown", "x"),
    ("post", "/compute", {**STAY, "total_fen": 1.0}, 422, "amount_not_whole_fen", "total_fen"),
    ("post", "/compute", {**STAY, "total_fen": -1}, 422, "amount_negative", "total_fen"),
    ("post", "/compute", {**STAY, "total_fen": AMOUNT_MAX_FEN + 1}, 422, "amount_too_large", "total_fen"),
    ("post", "/compute", {**STAY, "in_scope_fen": 3_860_001}, 422, "in_scope_above_total", "in_scope_fen"),
    ("post", "/compute", {**STAY, "total_fen": 9_000_000}, 422, "amounts_do_not_add_up", "total_fen"),
    ("post", "/compute?explain=yes", STAY, 422, "field_type", "explain"),
    ("post", "/compute?explain=true&explain=false", STAY, 422, "field_type", "explain"),
    ("post", "/compute", b"x" * (law.BODY_BYTES_MAX + 1), 413, "http_413", None),
    ("post", "/advise", {**ADVICE_EXAMPLE, "locality": None}, 422, "field_missing", "treatment_pool"),
    ("post", "/advise", {**ADVICE_EXAMPLE, "treatment_pool": "999999"}, 422, "place_unknown", "treatment_pool"),
    ("post", "/advise", {**ADVICE_EXAMPLE, "category": "active"}, 422, "category_does_not_fit", "category"),
    ("post", "/estimate", {**ESTIMATE_EXAMPLE, "total_fen": 0}, 422, "bill_refused", "total_fen"),
    ("post", "/estimate", {**ESTIMATE_EXAMPLE, "self_funded_fen": 9_000_000}, 422, "bill_refused", "self_funded_fen"),
    ("post", "/estimate", {**ESTIMATE_EXAMPLE, "care": "pharmacy"}, 422, "nothing_to_compare", "care"),
    ("post", "/estimate", {**ESTIMATE_EXAMPLE, "insured_pool": "110000"}, 422, "pool_unknown", "insured_pool"),
    ("get", "/parameters/inpatient_rat", None, 404, "parameter_unknown", "name"),
    ("get", "/parameters/inpatient_rate?on=2026-02-30", None, 422, "day_unreadable", "on"),
    ("get", "/parameters/inpatient_rate?on=", None, 422, "day_unreadable", "on"),
    ("get", "/parameters/inpatient_rate?pool=990000", None, 422, "pool_unknown", "pool"),
    ("get", "/parameters/inpatient_rate?day=2026-11-22", None, 422, "field_unknown", "day"),
    ("get", "/gaps?on=1990-01-01", None, 422, "day_outside_law", "on"),
    ("get", "/conflicts?on=2026-11-22", None, 422, "field_unknown", "on"),
    ("get", "/nothing", None, 404, "http_404", None),
    ("get", "/decide", None, 405, "http_405", None),
]


@pytest.mark.parametrize(("method", "path", "sent", "status", "code", "field"), BAD_REQUESTS)
async def test_a_refusal_has_status_code_field_and_sentence(
    api: httpx.AsyncClient, method: str, path: str, sent: Any, status: int, code: str, field: str | None
) -> None:
    content = sent if isinstance(sent, bytes) else None if sent is None else json.dumps(sent).encode()
    response = await api.request(method, BASE + path, content=content)
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    problem = response.json()
    assert problem["status"] == status
    assert problem["detail"]
    first = problem.get("errors", [{"code": problem["code"], "field": None}])[0]
    assert (first["code"], first["field"]) == (code, field)


async def test_all_that_is_wrong_is_listed(api: httpx.AsyncClient) -> None:
    problem = (await api.post(f"{BASE}/compute", json={**STAY, "total_fen": "x", "path": 1})).json()
    assert problem["code"] == "invalid"
    assert [error["field"] for error in problem["errors"]] == ["path", "total_fen"]
    assert problem["detail"].count("\n") == 1


async def test_an_address_that_asks_too_often_is_told_to_wait(
    api: httpx.AsyncClient, api_app: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(law, "CALLS_PER_MINUTE_MAX", 2)
    # Another address, so that the other tests keep theirs.
    transport = httpx.ASGITransport(app=api_app, client=("192.0.2.7", 1), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as eager:
        statuses = [(await eager.get(f"{BASE}/version")).status_code for _ in range(4)]
        assert statuses == [200, 200, 429, 429]
        assert (await eager.post(f"{BASE}/decide", json=QUESTION_EXAMPLE)).json()["code"] == "too_often"
    monkeypatch.undo()
    assert (await api.get(f"{BASE}/version")).status_code == 200
    async with api_app.state.pool.acquire() as db:
        assert await db.fetchval("select count(*) from infra.rate where key like '%192.0.2.7%'") == 0


async def test_every_route_is_described_and_says_who_may_call(api: httpx.AsyncClient, api_app: Litestar) -> None:
    described = (await api.get("/api/openapi.json")).json()["paths"]
    offered = {}
    for route in api_app.routes:
        if isinstance(route, HTTPRoute) and route.path_format.startswith(BASE):
            for handler in route.route_handlers:
                if handler.http_methods != {"OPTIONS"}:
                    assert handler.opt["who"] == "public"
                    assert law.limit_calls in handler.guards
            offered[route.path_format] = {method.lower() for method in route.methods} - {"options", "head"}
    assert {path: set(methods) for path, methods in described.items()} == offered


async def test_every_code_a_refusal_may_have_is_listed(api: httpx.AsyncClient) -> None:
    page = (await api.get("/api")).text.replace("<wbr>", "")
    listed = {kind.code for kind in CODES}
    met = {code for _, _, _, _, code, _ in BAD_REQUESTS if not code.startswith("http_")}
    assert met <= listed
    assert all(f"<code>{code}</code>" in page for code in listed)


async def test_the_page_lists_every_operation_every_field_and_answers_that_are_real(api: httpx.AsyncClient) -> None:
    response = await api.get("/api")
    page = response.text.replace("<wbr>", "")
    assert response.status_code == 200
    for operation in OPERATIONS:
        assert operation.zh in page
        assert f'id="{operation.id}"' in page
    for name in ("critical_illness_before_fen", "quota_used_before_fen", "treatment_pool", "institution_level"):
        assert f"<code>{name}</code>" in page
    version = (await api.get(f"{BASE}/version")).json()["version"]
    assert version in page
    # Nothing from elsewhere, nothing inline.
    assert "http" not in "".join(part.split('"')[0] for part in page.split('src="')[1:])
    assert "<style" not in page
    assert "style=" not in page
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
