"""What every answer carries, whoever made it: pages, assets, unknown paths, refused bodies, failures."""

import gzip
import re

import httpx
import pytest
from litestar import Litestar, get
from portal_kit import Browser

from bills_kit import WANG
from tongban.doors.envelope import CONTENT_SECURITY_POLICY, Envelope
from tongban.doors.portal.who import WHO

GATEWAY = "/fsi/api/rsfComIfsService/callService"


def check_headers(response: httpx.Response) -> None:
    assert response.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["x-frame-options"] == "DENY"
    assert "cache-control" in response.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/privacy", 200),
        ("GET", "/health", 200),
        ("GET", "/costs", 303),
        ("GET", "/nothing/here", 404),
        ("GET", "/static/app.0000000000.css", 404),
        ("DELETE", "/", 405),
        ("PUT", "/prefs", 405),
        ("POST", "/prefs", 403),
        ("GET", GATEWAY, 405),
        ("POST", GATEWAY, 200),
        ("GET", "/%ff", 404),
    ],
)
async def test_every_answer_carries_the_headers(shared_app: Litestar, method: str, path: str, status: int) -> None:
    response = await Browser.of(shared_app).http.request(method, path)
    assert response.status_code == status
    check_headers(response)
    assert response.headers["cache-control"] == "no-store"


async def test_a_body_too_large_is_refused_with_a_page(visitor: Browser) -> None:
    await visitor.get("/prefs")
    response = await visitor.post("/prefs", {"next": "x" * 600_000})
    assert response.status_code == 413
    assert "内容太大" in response.text
    check_headers(response)


async def test_a_chunked_body_too_large_is_refused(visitor: Browser) -> None:
    async def endless() -> object:
        for _ in range(100):
            yield b"a=" + b"x" * 20_000

    response = await visitor.http.post(
        "/prefs",
        content=endless(),  # type: ignore[arg-type]
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert response.status_code == 413


async def test_strict_transport_only_over_tls(app: Litestar, visitor: Browser) -> None:
    assert "strict-transport-security" not in (await visitor.get("/")).headers
    assert "strict-transport-security" in (await Browser.of(app, "https://portal.test").get("/")).headers


@get("/breaks", opt={"who": "anyone"})
async def breaks() -> None:
    raise RuntimeError("身份证号 14010519620308002X 出错")


async def test_a_failure_shows_a_number_and_nothing_else(
    app: Litestar, visitor: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    app.register(breaks)
    response = await visitor.get("/breaks")
    assert response.status_code == 500
    number = re.search(r"编号 ([0-9A-F]{8})", response.text)
    assert number
    check_headers(response)
    for told in (response.text, capsys.readouterr().out):
        assert "14010519620308002X" not in told
        assert number[1] in told
    assert "RuntimeError" not in response.text


async def test_a_failure_outside_every_handler_is_answered() -> None:
    async def broken(scope: object, receive: object, send: object) -> None:
        raise RuntimeError

    transport = httpx.ASGITransport(app=Envelope(broken))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as http:
        response = await http.get("/")
    assert response.status_code == 500
    assert "系统正在忙" in response.text
    check_headers(response)


async def test_the_log_names_no_person(app: Litestar, visitor: Browser, capsys: pytest.CaptureFixture[str]) -> None:
    await visitor.sign_in("wang_xiuying")
    await visitor.get(f"/costs/S{WANG}127", params={"name": "王秀英"})
    logged = capsys.readouterr().out
    assert "/costs/{number}" in logged
    assert str(WANG) not in logged
    assert "王秀英" not in logged


async def test_an_api_path_is_answered_as_problem_json(visitor: Browser) -> None:
    response = await visitor.get("/api/nothing")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == 404


# -- who may call -----------------------------------------------------------------------------------------------------


def own_routes(app: Litestar) -> list[tuple[str, str, str]]:
    """(path, method, who) of every route that is ours: the framework adds an OPTIONS answer to each path."""
    return [
        (route.path, str(method), str(handler.opt.get("who", "")))
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods - {"OPTIONS"}
    ]


async def test_every_route_says_who_may_call(app: Litestar) -> None:
    routes = own_routes(app)
    assert len(routes) > 20
    assert [route for route in routes if route[2] not in WHO] == []


async def test_no_page_of_a_person_opens_for_a_visitor(app: Litestar, visitor: Browser) -> None:
    closed = [route for route in own_routes(app) if route[2] in ("person", "signed_in")]
    assert len(closed) > 5
    for path, method, _ in closed:
        address = re.sub(r"\{[^}]*\}", "x", re.sub(r"\{\w+:int\}", "1", path))
        await visitor.get("/prefs")
        send = {"GET": visitor.get, "POST": visitor.post, "PUT": visitor.http.put}[method]
        response = await send(address)
        if path.endswith("/piece"):  # a script asks, and is told instead of sent elsewhere
            assert response.status_code == 401, address
            continue
        assert (response.status_code, response.headers.get("location", "")[:13]) == (303, "/sign-in?next"), address


@get("/silent")
async def silent() -> str:
    return "open by accident"


async def test_a_route_that_says_nothing_is_closed(app: Litestar, visitor: Browser) -> None:
    app.register(silent)
    response = await visitor.get("/silent")
    assert response.status_code == 403
    assert "open by accident" not in response.text


# -- assets -----------------------------------------------------------------------------------------------------------


async def test_assets_are_named_by_content_and_kept_for_ever(visitor: Browser) -> None:
    home = await visitor.get("/")
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', home.text)
    assert {address.rpartition(".")[2] for address in addresses} == {"css", "js", "svg"}
    for address in addresses:
        assert re.fullmatch(r"/static/\w+\.[0-9a-f]{10}\.\w+", address)
        response = await visitor.get(address)
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert response.headers["vary"] == "accept-encoding"
        plain = await visitor.get(address, headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == response.content
        check_headers(response)


async def test_the_first_page_and_the_next_stay_small(visitor: Browser) -> None:
    """25 KB for the first load with everything it needs, 6 KB for the next page, both packed."""
    await visitor.sign_in("wang_xiuying")
    home = await visitor.get("/")
    assert home.headers["content-encoding"] == "gzip"
    first = len(gzip.compress(home.content, 6))
    for address in set(re.findall(r'(?:href|src)="(/static/[^"]+)"', home.text)):
        first += len(gzip.compress((await visitor.get(address)).content, 9))
    assert first <= 25_000
    for path in ("/costs", "/contact", "/code", "/prefs", "/privacy", "/reimbursement", "/filing"):
        assert len(gzip.compress((await visitor.get(path)).content, 6)) <= 6_000, path


async def test_the_script_stays_within_its_budget(visitor: Browser, app: Litestar) -> None:
    assert len(gzip.compress((await visitor.get(app.state.assets.url("app.js"))).content, 9)) <= 6_000


async def test_the_regions_for_the_picker(visitor: Browser, app: Litestar) -> None:
    rows = (await visitor.get(app.state.assets.url("regions.json"))).json()
    assert ["130200", "唐山市", "130000", "河北省", "tangshan ts"] in rows
    assert len(rows) > 300
