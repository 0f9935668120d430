"""Forms as people send them, and what is wrong with them."""

from typing import NamedTuple
from urllib.parse import parse_qsl

from tongban.doors.http import Request
from tongban.kernel.errors import Invalid, Refusal

FIELDS_MAX = 200
_READ = "form_read"


class FormUnreadable(Refusal):
    code = "form_unreadable"
    status = 400


class Problem(NamedTuple):
    """One thing to mend. `field` is the name of the input; empty when it is about the whole page."""

    field: str
    sentence: str


def problems_of(refusal: Refusal) -> list[Problem]:
    """What a page shows for a refusal: one line each, in page order."""
    if isinstance(refusal, Invalid):
        return [problem for part in refusal.problems for problem in problems_of(part)]
    return [Problem(refusal.field or "", refusal.sentence)]


async def read_form(request: Request) -> dict[str, str]:
    """The fields of an urlencoded body; of a field sent twice the last. Values are trimmed.

    Not through the framework, which would keep the last thousand forms (ID numbers in them) in a cache.
    Raises FormUnreadable for another content type, bad encoding or too many fields.
    """
    return {name: values[-1] for name, values in (await read_form_lists(request)).items()}


async def read_form_lists(request: Request) -> dict[str, list[str]]:
    """Like `read_form` with every value of a field, for groups of ticks."""
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not body:
        return {}
    if kind != "application/x-www-form-urlencoded":
        raise FormUnreadable("这一页的内容没有读出来，请返回上一页再试一次")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)
    except ValueError:
        raise FormUnreadable("这一页的内容没有读出来，请返回上一页再试一次") from None
    form: dict[str, list[str]] = {}
    for name, value in pairs:
        form.setdefault(name, []).append(_clean(value))
    request.scope["state"][_READ] = form
    return form


def already_read(request: Request) -> list[tuple[str, str]]:
    """The fields of the form that came, in order, as far as they were read; for an answer that can read no more."""
    form: dict[str, list[str]] = request.scope["state"].get(_READ, {})
    return [(name, value) for name, values in form.items() for value in values]


def _clean(value: str) -> str:
    """Without what no keyboard types: NUL (which the database refuses) and other control characters."""
    lines = value.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(character for character in lines if character >= " " or character in "\n\t").strip()
