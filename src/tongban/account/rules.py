"""How one bill is written into the books. Pure; every function returns postings that add up to zero."""

from collections.abc import Mapping, Sequence

from tongban.account.model import (
    OPENING_ACCOUNT,
    AidPaid,
    Fund,
    Posting,
    advance_account,
    aid_account,
    aid_advance_account,
    aid_receivable_account,
    institution_account,
    payout_account,
    personal_account,
    pool_account,
    receivable_account,
)
from tongban.kernel.money import Fen


def care_postings(
    *,
    person_id: int,
    institution_code: str,
    insured_pool: str,
    treatment_pool: str,
    paid_fen: Mapping[Fund, Fen],
    account_fen: Fen,
    aids: Sequence[AidPaid] = (),
) -> tuple[Posting, ...]:
    """The postings of one settled bill in the patient's own book: everything the hospital does not take in cash.

    At home the insured pool's funds and the personal account pay the hospital. Elsewhere the treating region lays the
    sum out, and the insured region's funds pay into what that region is to receive: two halves, each adding up to
    zero, so that either region can keep its own half as its book. What relatives pay stands in their books as well:
    see `aid_giver_account`.
    """
    paying = [Posting(pool_account(insured_pool, fund), -fen) for fund, fen in paid_fen.items() if fen]
    if account_fen:
        paying.append(Posting(personal_account(person_id), -account_fen))
    paying += [Posting(_aid_receiver_account(insured_pool, aid.giver_pool), -aid.amount_fen) for aid in aids]
    total = -sum(posting.amount_fen for posting in paying)
    if total == 0:
        return ()
    postings = [Posting(institution_account(institution_code), total)]
    if treatment_pool != insured_pool:
        postings.append(Posting(advance_account(treatment_pool, insured_pool), -total))
        postings.append(Posting(receivable_account(treatment_pool, insured_pool), total))
    postings += paying
    assert sum(posting.amount_fen for posting in postings) == 0
    return tuple(postings)


def claim_postings(*, claim_number: str, insured_pool: str, paid_fen: Mapping[Fund, Fen]) -> tuple[Posting, ...]:
    """The postings of a bill the person had paid in full: the insured pool's funds owe the person their part.

    The hospital has its money, so neither it nor its region stands in the books.
    """
    paying = [Posting(pool_account(insured_pool, fund), -fen) for fund, fen in paid_fen.items() if fen]
    if not paying:
        return ()
    return (Posting(payout_account(claim_number), -sum(posting.amount_fen for posting in paying)), *paying)


def _aid_receiver_account(receiver_pool: str, giver_pool: str) -> str:
    if receiver_pool == giver_pool:
        return aid_account(receiver_pool, giver_pool)
    return aid_advance_account(receiver_pool, giver_pool)


def aid_giver_account(receiver_pool: str, giver_pool: str) -> str:
    """What stands against the giver's personal account in the giver's book, so that either book adds up by itself."""
    if receiver_pool == giver_pool:
        return aid_account(receiver_pool, giver_pool)
    return aid_receivable_account(receiver_pool, giver_pool)


def opening_postings(person_id: int, balance_fen: Fen) -> tuple[Posting, ...]:
    if balance_fen == 0:
        return ()
    return (Posting(personal_account(person_id), balance_fen), Posting(OPENING_ACCOUNT, -balance_fen))
