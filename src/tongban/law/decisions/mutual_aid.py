"""Family mutual aid of the personal account: who gives, who receives, what it pays, its limits and its end."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from tongban.kernel.money import Fen
from tongban.kernel.vocabulary import Confidence, Locality, Relation
from tongban.law.decisions.answer import Listed, answer, conflicts_of, lines_of, listed, stated, weakest
from tongban.law.model import Decision, SourceLine, Undetermined, UsedValue
from tongban.law.pack import Pack
from tongban.law.rules.outpatient import NO_LIMIT
from tongban.law.words import Giver, InsuranceState, Payable, Permission, SharedExpense, SharingEnd, SharingEvent


def may_give(pack: Pack, insured_pool: str, giver: Giver, on: date) -> Decision[Permission]:
    """Whether somebody may let relatives use a personal account at all."""
    return answer(pack, "mutual_aid_give", Permission, insured_pool, (giver,), on)


def mutual_aid_kin(pack: Pack, insured_pool: str, on: date) -> Listed[Relation] | Undetermined:
    """Which relatives of the giver may receive: what they are to the giver."""
    return listed(pack, insured_pool, "mutual_aid_kin", Relation, (), on)


@dataclass(frozen=True, slots=True)
class MutualAidQuestion:
    """`insured_pool` and `giver_state` are the giver's; `locality`: where the receiver is insured, seen from there."""

    insured_pool: str
    giver_state: InsuranceState
    receiver_state: InsuranceState
    expense: SharedExpense
    locality: Locality
    on: date


def mutual_aid_use(pack: Pack, question: MutualAidQuestion) -> Decision[Payable]:
    """Whether a shared account pays this expense. It never changes what the pooled fund pays."""
    inputs = (question.giver_state, question.receiver_state, question.expense, question.locality)
    return answer(pack, "mutual_aid_use", Payable, question.insured_pool, inputs, question.on)


def mutual_aid_end(
    pack: Pack, insured_pool: str, event: SharingEvent, locality: Locality, on: date
) -> Decision[SharingEnd]:
    """What an event does to a sharing between two people."""
    return answer(pack, "mutual_aid_end", SharingEnd, insured_pool, (event, locality), on)


def mutual_aid_records_max(pack: Pack, insured_pool: str, relation: Relation, on: date) -> UsedValue | Undetermined:
    """How many valid sharings with such relatives a giver may have; `NO_LIMIT`: any number."""
    return stated(pack, insured_pool, "mutual_aid_records_max", (relation,), on)


class WalletLimits(NamedTuple):
    """Transfers to a relative's wallet (医保钱包) in another province: so many a day, at most so much each, none at
    night. What the relative has not taken comes back when the wallet opens."""

    transfers_daily_max: int
    transfer_max_fen: Fen
    closes_at_hour: int
    opens_at_hour: int


class MutualAidTerms(NamedTuple):
    """`floor_fen` stays in the account; only what is above it may be shared. `authorisers_max` None: any number.
    `is_quota`: what is authorised is set apart for the relative; None where no source says. `wallet` None: no such
    limits are known on the day."""

    floor_fen: Fen
    authorisers_max: int | None
    has_limit_per_receiver: bool
    is_quota: bool | None
    wallet: WalletLimits | None
    sources: tuple[SourceLine, ...]
    confidence: Confidence
    conflicts: tuple[str, ...]


def mutual_aid_terms(pack: Pack, insured_pool: str, locality: Locality, on: date) -> MutualAidTerms | Undetermined:
    """Within which limits an account is shared with a relative who is insured there."""
    floor = stated(pack, insured_pool, "mutual_aid_floor", (), on)
    authorisers = stated(pack, insured_pool, "mutual_aid_authorisers_max", (), on)
    each = stated(pack, insured_pool, "mutual_aid_has_limit_per_receiver", (), on)
    for needed in (floor, authorisers, each):
        if isinstance(needed, Undetermined):
            return needed
    assert isinstance(floor, UsedValue)
    assert isinstance(authorisers, UsedValue)
    assert isinstance(each, UsedValue)
    quota = pack.value(insured_pool, "mutual_aid_is_quota", (locality,), on)
    wallet = _wallet_values(pack, insured_pool, on) if locality is Locality.CROSS_PROVINCE else ()
    used = (floor, authorisers, each, *([quota] if quota else []), *wallet)
    return MutualAidTerms(
        floor_fen=floor.value,
        authorisers_max=None if authorisers.value == NO_LIMIT else authorisers.value,
        has_limit_per_receiver=each.value == 1,
        is_quota=None if quota is None else quota.value == 1,
        wallet=WalletLimits(*(value.value for value in wallet)) if wallet else None,
        sources=lines_of(pack, used),
        confidence=weakest(used),
        conflicts=conflicts_of(used),
    )


_WALLET = (
    "mutual_aid_wallet_transfers_daily_max",
    "mutual_aid_wallet_transfer_max",
    "mutual_aid_wallet_closes_at",
    "mutual_aid_wallet_opens_at",
)


def _wallet_values(pack: Pack, insured_pool: str, on: date) -> tuple[UsedValue, ...]:
    """All four, or none: half a set of limits is no rule."""
    found = [pack.value(insured_pool, name, (), on) for name in _WALLET]
    known = tuple(value for value in found if value is not None)
    return known if len(known) == len(_WALLET) else ()
