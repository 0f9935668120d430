"""Papers to keep and to show: one look for all of them, as PDF for the printer and as a picture for the phone.

A flow prints its paper in a few lines::

    paper = Paper(title="家庭共济授权凭证", number=grant.number, rows=[…], notes=[…])
    return await paper_answer(request, paper, "pdf")     # or "png"

has `proof_answer` for the page it is kept from, and names in `checks.VALIDITY` who knows its state, so that whoever is
shown it can tell whether it still holds.
"""

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

import anyio.to_thread
import segno
from anyio import CapacityLimiter
from litestar import Response

from tongban.doors.http import Request
from tongban.doors.portal.page import page
from tongban.infra import printing
from tongban.infra.crypto import Vault
from tongban.infra.printing import CannotPrint
from tongban.signing import SignedText

FOLDER = Path(__file__).parent / "print"
ISSUER = "山西医保 就医费用报销一件事"
Form: TypeAlias = Literal["pdf", "png"]
T = TypeVar("T")

# How many may wait for the printer of one process; everybody after that is asked to come back.
_WAITING_MAX = 20
_CODE_LENGTH = 10
_MEDIA_TYPE: Mapping[Form, str] = {"pdf": "application/pdf", "png": "image/png"}


@dataclass(frozen=True, slots=True)
class PaperSignature:
    """`what` was signed, by whom and when; `picture_png` None: typed."""

    what: str
    name: str
    when: str
    picture_png: bytes | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """`rows` are (label, value); `notes` plain sentences under them; `status` one word, true on the day of
    printing, and `is_good` whether it still counts. It carries a code and a QR whose page says whether the number
    still holds: `checks.VALIDITY` has to know the number's letter.
    """

    title: str
    number: str
    rows: Sequence[tuple[str, str]]
    notes: Sequence[str] = ()
    status: str = ""
    is_good: bool = True
    signatures: Sequence[PaperSignature] = ()


def signature_of(signed: SignedText, when: str) -> PaperSignature:
    return PaperSignature(f"签署了《{signed.title}》", signed.signer_name, when, signed.picture_png)


async def paper_answer(request: Request, paper: Paper, form: Form) -> Response[bytes]:
    """The paper as a file: A4 as PDF, or a tall picture as wide as a phone. Raises CannotPrint."""
    pictures = {f"signature{n}": s.picture_png for n, s in enumerate(paper.signatures) if s.picture_png is not None}
    url = check_url(request, paper.number)
    pictures["qr"] = qr_png(url)
    data = {
        "sheet": "a4" if form == "pdf" else "phone",
        "issuer": ISSUER,
        "title": paper.title,
        "status": paper.status,
        "is_good": paper.is_good,
        "rows": [["编号", paper.number], *(list(row) for row in paper.rows)],
        "notes": list(paper.notes),
        "signatures": [
            {"what": s.what, "name": s.name, "when": s.when, "picture": f"signature{n}" if s.picture_png else ""}
            for n, s in enumerate(paper.signatures)
        ],
        "check": {"code": shown_code(check_code(request.app.state.vault, paper.number))},
    }
    return await printed(FOLDER / "proof.typ", data, pictures, form, f"{paper.title}-{paper.number}")


def proof_answer(request: Request, title: str, back: str, back_text: str) -> Response[bytes]:
    """The page from which a paper is kept or printed. `back` is the page of what it is about; the paper itself has to
    answer at `back` + ``/proof.png`` and ``/proof.pdf``."""
    return page(request, "proof.html", title=title, base=back, back=back, back_text=back_text)


async def printed(
    template: Path, data: Mapping[str, Any], pictures: Mapping[str, bytes], form: Form, name: str
) -> Response[bytes]:
    """A compiled template as a file to open or keep under `name`. Raises CannotPrint."""
    if form == "pdf":
        content = await _in_turn(partial(printing.pdf, template, data, pictures=pictures))
    else:
        content = (await _in_turn(partial(printing.png, template, data, pictures=pictures)))[0]
    # The name in Latin letters for old browsers, and as it is.
    utf8 = "".join(f"%{byte:02X}" for byte in f"{name}.{form}".encode())
    return Response(
        content,
        media_type=_MEDIA_TYPE[form],
        headers={"content-disposition": f"inline; filename=\"proof.{form}\"; filename*=UTF-8''{utf8}"},
    )


async def _in_turn(work: Callable[[], T]) -> T:
    """In a thread, one after the other. Raises CannotPrint when too many are waiting already."""
    printer = _printer()
    if printer.statistics().tasks_waiting >= _WAITING_MAX:
        raise CannotPrint("现在要打印的人很多，请过一分钟再试")
    return await anyio.to_thread.run_sync(work, limiter=printer)


@cache
def _printer() -> CapacityLimiter:
    return CapacityLimiter(1)


# ---- telling whether a paper still holds ----


def check_code(vault: Vault, number: str) -> str:
    """Ten letters and digits that only this installation can make for a number: fifty bits, so nobody hits one by
    trying."""
    return base64.b32encode(vault.index(number, "proof"))[:_CODE_LENGTH].decode()


def shown_code(code: str) -> str:
    """In two halves, to be read out."""
    return f"{code[: _CODE_LENGTH // 2]} {code[_CODE_LENGTH // 2 :]}"


def check_url(request: Request, number: str) -> str:
    """Where whoever is shown the paper finds out whether it holds."""
    home = request.app.state.settings.public_url or f"{request.base_url}".rstrip("/")
    return f"{home}/check/{number}/{check_code(request.app.state.vault, number)}"


def qr_png(text: str) -> bytes:
    made = io.BytesIO()
    segno.make(text, error="m", micro=False).save(made, kind="png", scale=8, border=2)
    return made.getvalue()
