"""What the law makes of authorisations: who may give and receive, and which of them pay a bill. Pure."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from tongban import law
from tongban.kernel.money import Fen
from tongban.kernel.vocabulary import Locality
from tongban.law import (
    InsuranceState,
    MutualAidQuestion,
    MutualAidTerms,
    Pack,
    Payable,
    SharedExpense,
    SharingEnd,
    SharingEvent,
)
from tongban.mutual_aid.errors import AidUndetermined
from tongban.mutual_aid.model import Draw, Grant, Offer, PaymentStates


def insurance_state(payment_state: str | None) -> InsuranceState:
    """What an enrollment's payment state is to the law; None: no enrollment on the day."""
    return InsuranceState.STOPPED if payment_state is None else InsuranceState(payment_state)


def share_out(
    pack: Pack,
    offers: Sequence[Offer],
    *,
    wanted_fen: Fen,
    receiver_pool: str,
    receiver_payment_state: str | None,
    expense: SharedExpense,
    on: date,
) -> tuple[Draw, ...]:
    """Which relatives' accounts pay `wanted_fen`, in the receiver's order, each within its limit and its balance.

    An authorisation the law does not let pay (or is silent about) is passed over: nothing is refused for it, the person
    pays what is left. So is one made for another insured region than the bill's. How many may pay one bill is the law's
    too, of the first giver's region and of every further one's.
    """
    draws: list[Draw] = []
    authorisers_max: int | None = None
    for offer in offers:
        if wanted_fen == 0 or (authorisers_max is not None and len(draws) >= authorisers_max):
            break
        terms = law.mutual_aid_terms(pack, offer.giver_pool, offer.locality, on)
        if isinstance(terms, law.Undetermined) or offer.receiver_pool != receiver_pool:
            continue
        if not _may_pay(pack, offer, receiver_payment_state, expense, on):
            continue
        if terms.authorisers_max is not None:
            if len(draws) >= terms.authorisers_max:
                continue
            authorisers_max = min(terms.authorisers_max, authorisers_max or terms.authorisers_max)
        amount_fen = min(wanted_fen, usable_fen(offer, terms))
        if amount_fen > 0:
            draws.append(Draw(offer, amount_fen))
            wanted_fen -= amount_fen
    return tuple(draws)


def usable_fen(offer: Offer, terms: MutualAidTerms) -> Fen:
    """How much an authorisation can pay now: never what is set apart for somebody else, never below the floor."""
    others_fen = offer.reserved_fen - (offer.left_fen if offer.is_set_apart else 0)
    return max(0, min(offer.left_fen, offer.balance_fen - others_fen, offer.balance_fen - terms.floor_fen))


def _may_pay(pack: Pack, offer: Offer, receiver_payment_state: str | None, expense: SharedExpense, on: date) -> bool:
    question = MutualAidQuestion(
        insured_pool=offer.giver_pool,
        giver_state=insurance_state(offer.payment_state),
        receiver_state=insurance_state(receiver_payment_state),
        expense=expense,
        locality=offer.locality,
        on=on,
    )
    return law.mutual_aid_use(pack, question).outcome is Payable.PAYABLE


def terms_of(pack: Pack, giver_pool: str, locality: Locality, on: date) -> MutualAidTerms:
    """Raises AidUndetermined where no source gives them, and for sharing across provinces by wallet transfers."""
    terms = law.mutual_aid_terms(pack, giver_pool, locality, on)
    if isinstance(terms, law.Undetermined):
        raise AidUndetermined(terms.reason, ask=terms.ask)
    if locality is Locality.CROSS_PROVINCE and not terms.is_quota:
        raise AidUndetermined(
            f"跨省给家人用，这时候还没有额度的办法，这里不能办。请问{pack.agency(giver_pool)}。",
            ask=pack.agency(giver_pool),
        )
    return terms


class Ending(NamedTuple):
    """Why and with which sentence an authorisation ends."""

    event: SharingEvent
    sentence: str


def ending(pack: Pack, grant: Grant, states: PaymentStates, on: date) -> Ending | None:
    """What has ended an authorisation by itself: one of the two is no longer insured where they were. None: it holds,
    or no source says what becomes of it."""
    for event, state in (
        (SharingEvent.GIVER_INSURANCE_ENDS, states.giver),
        (SharingEvent.RECEIVER_INSURANCE_ENDS, states.receiver),
    ):
        if insurance_state(state) is InsuranceState.STOPPED:
            found = law.mutual_aid_end(pack, grant.giver_pool, event, grant.locality, on)
            if found.outcome is SharingEnd.ENDS:
                return Ending(event, found.sentence)
    return None
