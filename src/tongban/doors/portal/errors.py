"""What a person sees when something is refused or breaks: what happened, what to do next, never an internal text."""

import secrets
import traceback
from typing import Any
from urllib.parse import quote

import asyncpg
import msgspec
import structlog
from litestar import Response
from litestar.exceptions import HTTPException

from tongban.doors.http import Request, here, local_path, see_other
from tongban.doors.portal.held import PATH as HELD_PATH
from tongban.doors.portal.held import to_send_again
from tongban.doors.portal.oidc import ProviderUnreachable, SignInFailed
from tongban.doors.portal.page import page
from tongban.doors.portal.who import ConsentNeeded, FormIsHeld, SignInNeeded
from tongban.kernel.errors import Invalid, Refusal

log = structlog.get_logger("tongban.error")

# status: title, what to do
_PAGES: dict[int, tuple[str, str]] = {
    400: ("这一页的内容没有读出来", "请返回上一页，再试一次。"),
    404: ("没有找到这一页", "网址可能写错了，或者这件事不在您的名下。"),
    405: ("这个网址不能这样打开", "请从首页重新进入。"),
    413: ("内容太大了，没有收下", "请返回上一页，减少内容后再提交。"),
    503: ("医保系统正在忙", "存过的内容都在，不用从头填。\n请过几分钟再试一次。"),
}
# What programs are told where people would be sent to another page.
_FOR_PROGRAMS: dict[int, tuple[str, str]] = {
    400: ("这个请求没有读懂", "请对照 /api 的说明。"),
    404: ("没有这个接口", "全部接口见 /api。"),
    405: ("这个接口不能这样用", "每个接口用哪种方法，见 /api。"),
    413: ("内容太大了，没有收下", "一次最多 64 KB。"),
}
_NOT_LOST = "刚才填的都在这一页，没有丢。\n请过一两分钟，点“再交一次”。"
_BUSY = (
    asyncpg.PostgresConnectionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.OperatorInterventionError,  # stopping, starting up, or asked for too long
    OSError,
    TimeoutError,
)


def answer(request: Request, error: Exception) -> Response[Any]:
    """The one handler of every exception no route has handled."""
    if isinstance(error, SignInNeeded | ConsentNeeded | FormIsHeld) and not _wants_json(request):
        return _missing(request, error)
    if isinstance(error, SignInFailed | ProviderUnreachable):
        log.warning("sign_in_failed", reason=error.reason)
        next_path = local_path(request.query_params.get("next"))
        return page(request, "sign_in.html", error.status, next=next_path, is_open=True, failed=error.sentence)
    if isinstance(error, Refusal):
        return _refusal(request, error)
    if isinstance(error, HTTPException) and error.status_code < 500:
        told = _PAGES | _FOR_PROGRAMS if _wants_json(request) else _PAGES
        title, advice = told.get(error.status_code, told[400])
        return _answer(request, error.status_code, title, advice, code=f"http_{error.status_code}")
    if isinstance(error, _BUSY):
        log.error("busy", kind=type(error).__name__)
        title, advice = _PAGES[503]
        response = _answer(request, 503, title, _NOT_LOST if to_send_again(request) else advice, code="busy")
        response.headers["retry-after"] = "30"
        return response
    return _incident(request, error)


def _missing(request: Request, error: SignInNeeded | ConsentNeeded | FormIsHeld) -> Response[Any]:
    """To the door that is missing, and on from there; a form that was kept is offered again."""
    next_path, because = (HELD_PATH, error.because) if isinstance(error, FormIsHeld) else (here(request), error)
    if isinstance(because, SignInNeeded):
        return see_other(f"/sign-in?next={quote(next_path, safe='')}")
    if isinstance(because, ConsentNeeded):
        return see_other(f"/consent?next={quote(next_path, safe='')}")
    return see_other(next_path)


def _refusal(request: Request, refusal: Refusal) -> Response[Any]:
    titles = {404: "没有找到", 403: "这一步不能办", 409: "现在还不能这样办"}
    parts = refusal.problems if isinstance(refusal, Invalid) else [refusal]
    return _answer(
        request,
        refusal.status,
        titles.get(refusal.status, "这一步没有办成"),
        "\n".join(part.sentence for part in parts),
        code=refusal.code,
        errors=[{"field": part.field, "code": part.code, "sentence": part.sentence} for part in parts],
    )


def _incident(request: Request, error: Exception) -> Response[Any]:
    """500 with a number that leads to the log line. The log has the frames, not the message: that may quote data."""
    number = secrets.token_hex(4).upper()
    log.error(
        "incident",
        number=number,
        kind=type(error).__name__,
        where=[f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)[-12:]],
    )
    return _answer(
        request,
        500,
        "这一步没有办成，是我们的问题",
        f"{_NOT_LOST if to_send_again(request) else '存过的内容都在。请过几分钟再试一次。'}"
        f"\n还是不行，请打电话，告诉工作人员编号 {number}。",
        code="incident",
        incident=number,
    )


def _answer(request: Request, status: int, title: str, advice: str, *, code: str, **more: Any) -> Response[Any]:
    if _wants_json(request):
        problem = {"type": "about:blank", "title": title, "status": status, "detail": advice, "code": code, **more}
        return Response(
            msgspec.json.encode({key: value for key, value in problem.items() if value is not None}),
            status_code=status,
            media_type="application/problem+json",
        )
    return page(
        request,
        "error.html",
        status=status,
        title=title,
        advice=advice.split("\n"),
        status_code=status,
        is_get=request.method == "GET",
        fields=to_send_again(request) if status >= 500 else [],
    )


def _wants_json(request: Request) -> bool:
    return request.url.path.startswith("/api/")
