"""Who may act for whom, by which channel, how long it takes, and what false statements lead to."""

from datetime import date

from tongban.kernel.vocabulary import Relation
from tongban.law.decisions.answer import answer, stated
from tongban.law.model import Decision, Undetermined, UsedValue
from tongban.law.pack import Pack
from tongban.law.words import Act, Channel, ChannelState, Conduct, Penalty, Permission, ServiceItem


def may_act_for(pack: Pack, insured_pool: str, act: Act, relation: Relation, on: date) -> Decision[Permission]:
    """Whether somebody may do this for the insured person; `relation` says what the two are to each other."""
    return answer(pack, "act_for_another", Permission, insured_pool, (act, relation), on)


def channel_state(
    pack: Pack, insured_pool: str, item: ServiceItem, channel: Channel, on: date
) -> Decision[ChannelState]:
    """Whether an item can be applied for by this channel, and by whom."""
    return answer(pack, "channel", ChannelState, insured_pool, (item, channel), on)


def open_channels(
    pack: Pack, insured_pool: str, item: ServiceItem, on: date
) -> tuple[tuple[Channel, Decision[ChannelState]], ...]:
    """The channels a citizen may use for an item, each with how."""
    states = [(channel, channel_state(pack, insured_pool, item, channel, on)) for channel in Channel]
    return tuple((channel, state) for channel, state in states if state.outcome is ChannelState.OPEN)


def handling_days(pack: Pack, insured_pool: str, item: ServiceItem, on: date) -> UsedValue | Undetermined:
    """Working days until an item with all its papers is done; 0: on the spot."""
    return stated(pack, insured_pool, "handling_working_days", (item,), on)


def online_needs_medical_code(pack: Pack, insured_pool: str, on: date) -> UsedValue | Undetermined:
    """Whether one must have activated the medical code to apply online: value 1 or 0, with its sources."""
    return stated(pack, insured_pool, "online_needs_medical_code", (), on)


def penalty(pack: Pack, insured_pool: str, conduct: Conduct, on: date) -> Decision[Penalty]:
    """What a conduct against the fund leads to, in words a page can show."""
    return answer(pack, "penalty", Penalty, insured_pool, (conduct,), on)
