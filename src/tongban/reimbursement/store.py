"""SQL of claims. What moves money is in `store_payments`."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, TypedDict, Unpack
from uuid import UUID

from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.money import Fen
from tongban.kernel.vocabulary import InsuranceType, PersonnelCategory, Relation
from tongban.law import ClaimCare
from tongban.reimbursement.model import (
    BankCard,
    Claim,
    ClaimAnswers,
    ClaimDetail,
    ClaimEvent,
    ClaimState,
    EventKind,
    Holder,
    Invoice,
    RefuseCode,
)
from tongban.reimbursement.store_payments import payments_of

_BANK_CONTEXT: Final = "reimbursement.bank"
_PHONE_CONTEXT: Final = "reimbursement.phone"
_INVOICE_PURPOSE: Final = "invoice_number"

# The institution's name as it was when claimed lies with the answers.
_CLAIM: Final = """
  person_id, claim_serial, state, version, applied_by, relation, institution_code,
  answers ->> 'institution_name' as institution_name, treatment_pool, insured_pool, insurance_type, category, care,
  is_injury, admitted_on, discharged_on, total_fen, card_tail, holder, papers, submitted_at, due_on, accepted_at,
  asked_slots, refuse_code, said, attempts, settlement_serial, payout_fen, computed_by, policy_version
"""
_SELECT: Final = f"select {_CLAIM} from reimbursement.claim"  # noqa: S608 - constants only
_ONE: Final = f"{_SELECT} where person_id = $1 and claim_serial = $2"
_WHOLE: Final = f"""
  select {_CLAIM}, bank_enc, phone_enc, decision, answers from reimbursement.claim
  where person_id = $1 and claim_serial = $2
"""  # noqa: S608 - constants only
_NEWEST_FIRST: Final = "order by submitted_at desc, claim_serial desc"

# Two at once for the same days: one waits and finds the other's. Without `do nothing` each would wait for the other.
_INSERT: Final = f"""
  insert into reimbursement.claim (person_id, state, applied_by, relation, institution_code, treatment_pool,
    insured_pool, insurance_type, category, care, is_injury, admitted_on, discharged_on, total_fen, bank_enc,
    card_tail, holder, phone_enc, papers, answers, decision, policy_version, submit_token, channel, submitted_at,
    due_on)
  values ($1, 'reviewing', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
    $22, $23, $24, $25)
  on conflict on constraint claim_stay_once do nothing
  returning {_CLAIM}
"""  # noqa: S608 - constants only


class Changes(TypedDict, total=False):
    """The columns that change after a claim was handed in. The database lets no others be written."""

    state: ClaimState
    bank_enc: bytes
    card_tail: str
    holder: Holder
    papers: dict[str, str]
    accepted_at: datetime
    asked_slots: list[str]
    refuse_code: RefuseCode
    said: str
    attempts: int
    settlement_serial: int | None
    payout_fen: Fen | None
    computed_by: str


async def insert_claim(
    db: Db,
    vault: Vault,
    answers: ClaimAnswers,
    *,
    person_id: int,
    applied_by: int,
    decision: Mapping[str, Any],
    policy_version: str,
    submit_token: UUID,
    channel: str,
    due_on: date | None,
    now: datetime,
) -> Claim | None:
    """None while another claim for days of the stay is alive. Its invoices have to follow in the same transaction."""
    row = await db.fetchrow(
        _INSERT,
        person_id,
        applied_by,
        answers.relation or "",
        answers.institution_code,
        answers.treatment_pool,
        answers.insured_pool,
        answers.insurance_type,
        answers.category,
        answers.care,
        answers.is_injury,
        answers.admitted_on,
        answers.discharged_on,
        answers.total_fen,
        _sealed_card(vault, answers.card),
        answers.card.tail,
        answers.card.holder,
        vault.seal(answers.phone, _PHONE_CONTEXT),
        dict(answers.papers),
        answers.archived(),
        dict(decision),
        policy_version,
        submit_token,
        channel,
        now,
        due_on,
    )
    return None if row is None else _claim(row)


async def insert_invoices(db: Db, claim: Claim, invoices: Sequence[Invoice]) -> None:
    await db.executemany(
        """insert into reimbursement.invoice (person_id, claim_serial, invoice_no, number, issued_on, amount_fen)
           values ($1, $2, $3, $4, $5, $6)""",
        [(claim.person_id, claim.claim_serial, no, *invoice) for no, invoice in enumerate(invoices, 1)],
    )


async def take_invoice(db: Db, vault: Vault, claim: Claim, invoice: Invoice) -> bool:
    """False: it stands in another live claim. Somebody who is just taking it is waited for.

    A number alone names no invoice: numbers begin anew under each code, and a code has a year in it. With the hospital
    and the year it does, and nobody has to type the code.
    """
    taken = await db.fetchval(
        """insert into reimbursement.invoice_index (number_hash, person_id, claim_serial) values ($1, $2, $3)
           on conflict do nothing returning true""",
        vault.index(f"{claim.institution_code}:{invoice.issued_on.year}:{invoice.number}", _INVOICE_PURPOSE),
        claim.person_id,
        claim.claim_serial,
    )
    return taken is True


async def free_invoices(db: Db, claim: Claim) -> None:
    await db.execute(
        "delete from reimbursement.invoice_index where person_id = $1 and claim_serial = $2",
        claim.person_id,
        claim.claim_serial,
    )


async def claim(db: Db, person_id: int, serial: int, *, lock: bool = False) -> Claim | None:
    """`lock` keeps everybody else waiting until the transaction ends."""
    row = await db.fetchrow(f"{_ONE} for update" if lock else _ONE, person_id, serial)
    return None if row is None else _claim(row)


async def has_live_claim(db: Db, person_id: int, institution_code: str, admitted_on: date, discharged_on: date) -> bool:
    found: bool = await db.fetchval(
        """select exists (select from reimbursement.claim
             where person_id = $1 and institution_code = $2 and state not in ('refused', 'withdrawn')
               and daterange(admitted_on, greatest(discharged_on, admitted_on + 1))
                 && daterange($3::date, greatest($4::date, $3::date + 1)))""",
        person_id,
        institution_code,
        admitted_on,
        discharged_on,
    )
    return found


async def detail(db: Db, vault: Vault, person_id: int, serial: int) -> ClaimDetail | None:
    row = await db.fetchrow(_WHOLE, person_id, serial)
    if row is None:
        return None
    return ClaimDetail(
        claim=_claim(row),
        invoices=tuple(await invoices_of(db, person_id, serial)),
        events=tuple(await events_of(db, person_id, serial)),
        payments=tuple(await payments_of(db, person_id, serial)),
        decision=row["decision"],
        answers=row["answers"],
        card=_card(vault, row["bank_enc"]),
        phone=vault.open(row["phone_enc"], _PHONE_CONTEXT),
    )


async def card_of(db: Db, vault: Vault, claim: Claim) -> BankCard:
    sealed: bytes = await db.fetchval(
        "select bank_enc from reimbursement.claim where person_id = $1 and claim_serial = $2",
        claim.person_id,
        claim.claim_serial,
    )
    return _card(vault, sealed)


async def invoices_of(db: Db, person_id: int, serial: int) -> list[Invoice]:
    rows = await db.fetch(
        """select number, issued_on, amount_fen from reimbursement.invoice
           where person_id = $1 and claim_serial = $2 order by invoice_no""",
        person_id,
        serial,
    )
    return [Invoice(row["number"], row["issued_on"], row["amount_fen"]) for row in rows]


async def claims_of(db: Db, person_id: int) -> list[Claim]:
    """The person's own, whoever applied; newest first."""
    rows = await db.fetch(f"{_SELECT} where person_id = $1 {_NEWEST_FIRST}", person_id)
    return [_claim(row) for row in rows]


async def claims_by(db: Db, applicant_id: int) -> list[Claim]:
    """Those the person made for others; newest first."""
    rows = await db.fetch(f"{_SELECT} where applied_by = $1 and person_id <> $1 {_NEWEST_FIRST}", applicant_id)
    return [_claim(row) for row in rows]


async def queue(db: Db, pools: Sequence[str], states: Sequence[ClaimState], limit: int) -> list[Claim]:
    """What waits in those pools, the one due first on top."""
    rows = await db.fetch(
        f"""{_SELECT} where insured_pool = any($1::text[]) and state = any($2::text[])
            order by due_on nulls last, submitted_at, claim_serial limit $3""",
        list(pools),
        list(states),
        limit,
    )
    return [_claim(row) for row in rows]


async def change(db: Db, claim: Claim, **columns: Unpack[Changes]) -> Claim:
    """Write these columns of a row that the caller holds locked; the version moves on."""
    written = ", ".join(f"{name} = ${at}" for at, name in enumerate(columns, start=3))
    row = await db.fetchrow(
        f"""update reimbursement.claim set version = version + 1, {written}
            where person_id = $1 and claim_serial = $2 returning {_CLAIM}""",  # noqa: S608 - names out of `Changes` only
        claim.person_id,
        claim.claim_serial,
        *columns.values(),
    )
    return _claim(row)


async def change_card(db: Db, vault: Vault, claim: Claim, card: BankCard) -> Claim:
    """With another card the claim waits to be paid again."""
    return await change(
        db,
        claim,
        state=ClaimState.COMPUTED,
        bank_enc=_sealed_card(vault, card),
        card_tail=card.tail,
        holder=card.holder,
    )


async def add_event(
    db: Db, claim: Claim, what: EventKind, *, actor: str, channel: str, now: datetime, note: str = ""
) -> int:
    """Its number within the claim. The caller holds the claim's row."""
    number: int = await db.fetchval(
        """insert into reimbursement.event (person_id, claim_serial, event_no, at, what, actor, channel, note)
           select $1, $2, coalesce(max(event_no), 0) + 1, $3, $4, $5, $6, $7
           from reimbursement.event where person_id = $1 and claim_serial = $2
           returning event_no""",
        claim.person_id,
        claim.claim_serial,
        now,
        what,
        actor,
        channel,
        note,
    )
    return number


async def events_of(db: Db, person_id: int, serial: int) -> list[ClaimEvent]:
    rows = await db.fetch(
        """select at, what, actor, channel, note from reimbursement.event
           where person_id = $1 and claim_serial = $2 order by event_no""",
        person_id,
        serial,
    )
    return [ClaimEvent(row["at"], EventKind(row["what"]), row["actor"], row["channel"], row["note"]) for row in rows]


def _sealed_card(vault: Vault, card: BankCard) -> bytes:
    content = {"holder": card.holder.value, "name": card.name, "bank": card.bank, "number": card.number}
    return vault.seal(json.dumps(content, ensure_ascii=False), _BANK_CONTEXT)


def _card(vault: Vault, sealed: bytes) -> BankCard:
    content = json.loads(vault.open(sealed, _BANK_CONTEXT))
    return BankCard(Holder(content["holder"]), content["name"], content["bank"], content["number"])


def _claim(row: Mapping[str, Any]) -> Claim:
    fen: Fen | None = row["payout_fen"]
    return Claim(
        person_id=row["person_id"],
        claim_serial=row["claim_serial"],
        state=ClaimState(row["state"]),
        version=row["version"],
        applied_by=row["applied_by"],
        relation=Relation(row["relation"]) if row["relation"] else None,
        institution_code=row["institution_code"],
        institution_name=row["institution_name"],
        treatment_pool=row["treatment_pool"],
        insured_pool=row["insured_pool"],
        insurance_type=InsuranceType(row["insurance_type"]),
        category=PersonnelCategory(row["category"]),
        care=ClaimCare(row["care"]),
        is_injury=row["is_injury"],
        admitted_on=row["admitted_on"],
        discharged_on=row["discharged_on"],
        total_fen=row["total_fen"],
        card_tail=row["card_tail"],
        holder=Holder(row["holder"]),
        papers=row["papers"],
        submitted_at=row["submitted_at"],
        due_on=row["due_on"],
        accepted_at=row["accepted_at"],
        asked_slots=tuple(row["asked_slots"]),
        refuse_code=RefuseCode(row["refuse_code"]) if row["refuse_code"] else None,
        said=row["said"],
        attempts=row["attempts"],
        settlement_serial=row["settlement_serial"],
        payout_fen=fen,
        computed_by=row["computed_by"],
        policy_version=row["policy_version"],
    )
