"""Look at filings. Who may see one is decided here: the insured person and whoever filed it, nobody else."""

from typing import Literal, TypeAlias

from tongban.filing import store
from tongban.filing.errors import FilingNotFound
from tongban.filing.model import SEALED_ANSWERS, Filing, FilingDetail, FilingWay, relation_signed_for
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.identifiers import FILING, InvalidNumber, parse_outside_number
from tongban.signing import holds

Whose: TypeAlias = Literal["self", "others"]


async def list_filings(db: Db, *, viewer_id: int, whose: Whose = "self", way: FilingWay | None = None) -> list[Filing]:
    """The viewer's own filings, whoever made them, or those the viewer made for others. Newest first."""
    wanted = way.value if way else None
    if whose == "others":
        return await store.filings_for_others(db, viewer_id, wanted)
    return await store.filings_of(db, viewer_id, wanted)


async def get_filing(db: Db, vault: Vault, *, viewer_id: int, number: str) -> FilingDetail:
    """Raises FilingNotFound for a number that is none, names no filing, or names one that is not the viewer's."""
    try:
        outside = parse_outside_number(number, FILING)
    except InvalidNumber:
        raise _not_found() from None
    found = await store.detail(db, vault, outside.person_id, outside.serial)
    if found is None or viewer_id not in (found.filing.person_id, found.filing.filed_by):
        raise _not_found()
    return found


async def last_address(db: Db, vault: Vault, *, viewer_id: int) -> str:
    """The contact address the viewer gave last, "" when there is none: asked once, not again."""
    made = [*await store.filings_of(db, viewer_id, None), *await store.filings_for_others(db, viewer_id, None)]
    for filing in sorted(made, key=lambda each: each.filed_at, reverse=True):
        if filing.filed_by == viewer_id and filing.way is FilingWay.SELF:
            found = await store.detail(db, vault, filing.person_id, filing.filing_serial)
            return found.contact_address if found else ""
    return ""


def signature_holds(detail: FilingDetail) -> bool:
    """Whether text and answers are still, letter for letter, what was signed."""
    if detail.signed is None:
        return False
    sealed = (detail.contact_phone, detail.contact_address, detail.residence_address, detail.proxy_phone)
    answers = {**detail.answers, **dict(zip(SEALED_ANSWERS, sealed, strict=True))}
    if not holds(detail.signed, answers):
        return False
    filing, first = detail.filing, detail.relation_signed
    if filing.relation is None:
        return True
    signed_for = relation_signed_for(filing.person_id, filing.filed_by, filing.relation, detail.proxy_phone)
    return first is not None and holds(first, signed_for)


def _not_found() -> FilingNotFound:
    return FilingNotFound("没有找到这个备案，请从“我办过的事”里打开")
