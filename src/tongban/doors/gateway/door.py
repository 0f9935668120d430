"""The gateway's one way in: bytes of a message to bytes of an answer, always HTTP 200 with the envelope."""

import secrets
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec
import structlog
from litestar import Response, post
from litestar.exceptions import HTTPException

from tongban.doors.gateway.accounts import Accounts, check_institution
from tongban.doors.gateway.call import Call, Reply, check_treatment_region, hash_request
from tongban.doors.gateway.errors import MessageTooLarge
from tongban.doors.gateway.reading import read_input, read_message, read_nodes
from tongban.doors.gateway.scalars import compact_time
from tongban.doors.gateway.transactions import read_transaction, transaction_of
from tongban.doors.gateway.wire import Answer, Envelope
from tongban.doors.http import Request
from tongban.infra.clock import Clock
from tongban.infra.db import Pool
from tongban.kernel.errors import Refusal

# A day of a long stay with some thousand charge lines fits several times.
BODY_BYTES_MAX: Final = 8 * 1024 * 1024
SENTENCE_LENGTH_MAX: Final = 200
_REGION_LENGTH: Final = 6
_NO_REGION: Final = "000000"
_JSON: Final = "application/json; charset=utf-8"
# How long a message waits for a free connection before the hospital is told to try again.
_CONNECTION_SECONDS_MAX: Final = 8.0

log = structlog.get_logger("tongban.gateway")


async def answer_message(request: Request) -> bytes:
    """One message: who sent it, what it asks, its answer. Every refusal and every failure becomes an answer, too."""
    state = request.app.state
    clock: Clock = state.clock
    received_at = clock()
    region = ""
    try:
        body = await request.body()
        message = read_message(body)
        region = _region(message)
        pool: Pool = state.pool
        async with pool.acquire(timeout=_CONNECTION_SECONDS_MAX) as db:
            client = await _accounts(state).authenticate(db, request.headers, received_at)
            envelope = read_nodes(message, Envelope)
            check_institution(client, envelope.institution_code)
            transaction = transaction_of(envelope.transaction_code)
            nodes = read_input(message.get("input"))
            call = Call(
                db=db,
                vault=state.vault,
                pack=state.pack,
                regions=state.regions,
                now=received_at,
                message=envelope,
                institution=client.institution,
                request_hash=hash_request(envelope, nodes),
            )
            check_treatment_region(call)
            replied = await transaction.answer(call, read_transaction(transaction, nodes))
        output, notice = replied if isinstance(replied, Reply) else (replied, "")
        return _encoded(region, received_at, clock(), 0, output=output, notice=notice)
    except Exception as error:
        return _refused(region, received_at, clock, error)


def refuse_body(request: Request, error: Exception) -> Response[bytes]:
    """For what goes wrong before the route runs, such as a body above the limit."""
    clock: Clock = request.app.state.clock
    return Response(_refused("", clock(), clock, error), status_code=200, media_type=_JSON)


_ROUTE: Final[dict[str, Any]] = {
    "status_code": 200,
    "opt": {"who": "institution"},
    "request_max_body_size": BODY_BYTES_MAX,
    "exception_handlers": {Exception: refuse_body},
    "include_in_schema": False,
}


@post(
    [
        "/fsi/api/rsfComIfsService/callService",
        "/fsi/api/rsfComIfsService/callService/{infno:str}",
    ],
    **_ROUTE,
)
async def call_service(request: Request) -> Response[bytes]:
    """The fixed address, with or without a transaction code after it; only `infno` in the body counts."""
    return Response(await answer_message(request), media_type=_JSON)


@post("/hsa/{path:path}", **_ROUTE)
async def call_hsa(request: Request) -> Response[bytes]:
    """Any base path followed by a transaction code; only `infno` in the body counts."""
    return Response(await answer_message(request), media_type=_JSON)


def _accounts(state: Any) -> Accounts:
    """This process's accounts, made at its first message."""
    known: Accounts | None = state.get("gateway_accounts")
    if known is None:
        known = state["gateway_accounts"] = Accounts(state.vault)
    return known


def _refused(region: str, received_at: datetime, clock: Callable[[], datetime], error: Exception) -> bytes:
    return _encoded(region, received_at, clock(), -1, sentence=_fitted(_sentence(error)))


def _sentence(error: Exception) -> str:
    """A refusal's own sentence; for anything else an incident number whose story stands in the log, and nothing more.

    A hospital that gets this for a settlement does not know the outcome: the same message again finds out.
    """
    if isinstance(error, Refusal):
        log.info("refused", code=error.code)
        return error.sentence
    if isinstance(error, HTTPException) and error.status_code == 413:
        return MessageTooLarge(f"报文超过 {BODY_BYTES_MAX // 2**20} MB，请把费用明细分几次上传").sentence
    incident = secrets.token_hex(4).upper()
    # Frames and the kind of error, not its text: a database's text may quote a row.
    frames = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)))
    log.error("incident", incident=incident, kind=type(error).__name__, frames=frames)
    return f"系统正忙，这笔交易没有得到结果。请稍等一分钟，用原报文编号再发一次；还不行，请报事件号 {incident} 给平台"


def _fitted(sentence: str) -> str:
    return sentence if len(sentence) <= SENTENCE_LENGTH_MAX else sentence[: SENTENCE_LENGTH_MAX - 1] + "…"


def _region(message: dict[str, Any]) -> str:
    sent = message.get("mdtrtarea_admvs")
    return sent if isinstance(sent, str) and len(sent) == _REGION_LENGTH and sent.isascii() and sent.isdigit() else ""


def _encoded(
    region: str,
    received_at: datetime,
    answered_at: datetime,
    code: int,
    *,
    sentence: str = "",
    output: msgspec.Struct | None = None,
    notice: str = "",
) -> bytes:
    # Region, time and ten digits: random, since several processes answer within one second.
    serial = secrets.randbelow(10**10)
    return msgspec.json.encode(
        Answer(
            answer_code=code,
            receiver_message_id=f"{region or _NO_REGION}{compact_time(received_at)[:14]}{serial:010d}",
            received_at=compact_time(received_at),
            answered_at=compact_time(answered_at),
            error_sentence=sentence,
            notice=notice,
            output=output,
        )
    )
