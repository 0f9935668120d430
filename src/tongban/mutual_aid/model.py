"""The words of family mutual aid 家庭共济: who gives how much to whom, what was used of it and for what."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from tongban.kernel.identifiers import GRANT, PREMIUM, OutsideNumber
from tongban.kernel.money import Fen
from tongban.kernel.vocabulary import CareKind, Locality, Relation, Word


class GrantState(Word):
    ACTIVE = "active", "使用中"
    REVOKED = "revoked", "已解除"
    ENDED = "ended", "已结束"


class EventKind(Word):
    """What happened to an authorisation, in the words of its history."""

    OPENED = "opened", "开通"
    LIMIT = "limit", "改上限"
    USED = "used", "看病用了"
    RETURNED = "returned", "看病退回"
    PREMIUM = "premium", "交保费"
    PREMIUM_RETURNED = "premium_returned", "保费退回"
    REVOKED = "revoked", "解除"
    ENDED = "ended", "自动结束"


GIVES_BACK = {EventKind.USED: EventKind.RETURNED, EventKind.PREMIUM: EventKind.PREMIUM_RETURNED}
"""Which events use an authorisation, and which one, under the same reference, gives that back."""


def grant_number(giver_id: int, grant_serial: int) -> str:
    return str(OutsideNumber(GRANT, giver_id, grant_serial))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One authorisation. `relation` is what the receiver is to the giver.

    `is_set_apart`: a quota, what is left of it the giver cannot spend. Otherwise it is only a limit, and the account
    may hold less. `used_this_year_fen` is what was used in the year and has not come back, whenever it came back; None
    where it was not asked for.
    """

    giver_id: int
    grant_serial: int
    receiver_id: int
    relation: Relation
    giver_pool: str
    receiver_pool: str
    locality: Locality
    is_set_apart: bool
    limit_fen: Fen
    used_fen: Fen
    valid_from: date
    state: GrantState
    opened_at: datetime
    ended_at: datetime | None
    end_reason: str
    used_this_year_fen: Fen | None = None
    is_repeat: bool = False

    @property
    def number(self) -> str:
        return grant_number(self.giver_id, self.grant_serial)

    @property
    def left_fen(self) -> Fen:
        """What is left of the limit; nothing once it has ended."""
        return self.limit_fen - self.used_fen if self.state is GrantState.ACTIVE else 0


class PaymentStates(NamedTuple):
    """How the two of an authorisation are insured, each where it says; None: not at all."""

    giver: str | None
    receiver: str | None


@dataclass(frozen=True, slots=True)
class GrantEvent:
    """One line of an authorisation's history. `care_kind` None: not about care."""

    what: EventKind
    amount_fen: Fen
    care_kind: CareKind | None
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Offer:
    """An authorisation as a settlement finds it: what it allows and what is in the giver's account.

    `payment_state` is the giver's insurance in `giver_pool` on that day, None when there is none.
    """

    giver_id: int
    grant_serial: int
    relation: Relation
    giver_pool: str
    receiver_pool: str
    locality: Locality
    is_set_apart: bool
    left_fen: Fen
    grant_version: int
    balance_fen: Fen
    reserved_fen: Fen
    account_version: int
    payment_state: str | None


@dataclass(frozen=True, slots=True)
class Draw:
    """What one offer pays."""

    offer: Offer
    amount_fen: Fen

    @property
    def released_fen(self) -> Fen:
        """How much of what was set apart this spends."""
        return self.amount_fen if self.offer.is_set_apart else 0


class Giving(NamedTuple):
    """What somebody who wants to give can give. `free_fen` is what is not yet set apart and above the floor."""

    pool_code: str
    balance_fen: Fen
    reserved_fen: Fen
    free_fen: Fen
    sentence: str


class PremiumState(Word):
    PAYING = "paying", "正在交"
    PAID = "paid", "已交"
    RETURNED = "returned", "没交成，钱退回了"


@dataclass(frozen=True, slots=True, kw_only=True)
class PremiumPayment:
    """A resident's premium of one insurance year, paid from a relative's account."""

    person_id: int
    insurance_year: int
    premium_serial: int
    giver_id: int
    grant_serial: int
    pool_code: str
    bill_number: str
    amount_fen: Fen
    state: PremiumState
    paid_at: datetime
    ended_at: datetime | None
    receipt_number: str
    refusal: str
    is_repeat: bool = False

    @property
    def number(self) -> str:
        return str(OutsideNumber(PREMIUM, self.person_id, self.premium_serial))
