"""What no source gives on a day, in lines an official can read: one per subject, reason and set of pools."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from tongban.law.keys import Key
from tongban.law.pack import Pack, Row, Scope
from tongban.law.report.inquiry import Inquiry
from tongban.law.report.subjects import Subject
from tongban.law.tables import UNDETERMINED

_NOT_DECLARED = "还没有写明为什么没有。"


class Gap(NamedTuple):
    """Something no source gives.

    `region` is the pool, or the province when it concerns several of its `pools`; `kind` what `subject` is: parameter,
    list, table, filing_kinds or topic. `since` is the day after which an earlier answer ended; None if there never was
    one. `is_declared` is False where nobody has written down yet why it is missing.
    """

    region: str
    region_zh: str
    subject: str
    zh: str
    keys_zh: str
    why: str
    ask: str
    since: date | None
    kind: str
    pools: tuple[str, ...]
    is_declared: bool


class _Missing(NamedTuple):
    why: str
    since: date | None
    is_declared: bool


def gaps(pack: Pack, on: date) -> tuple[Gap, ...]:
    """Everything no source gives on `on` under the readings chosen: keys without a value, undetermined rows of tables
    and declared topics; what concerns a whole province first, single pools last."""
    inquiry = Inquiry(pack)
    lines = [line for subject in inquiry.subjects for line in _of_subject(inquiry, subject, on)]
    lines += _topics(pack, on)
    return tuple(sorted(lines, key=lambda line: -len(line.pools)))


def _of_subject(inquiry: Inquiry, subject: Subject, on: date) -> Iterator[Gap]:
    by_spokesman = {region: _missing_in(inquiry, region, subject, on) for region in inquiry.spokesmen(subject)}
    pools_of: dict[tuple[Key, _Missing], list[str]] = {}
    for pool in inquiry.pools:
        for key, missing in by_spokesman[inquiry.spokesman(pool, subject)].items():
            pools_of.setdefault((key, missing), []).append(pool)
    keys_of: dict[tuple[_Missing, tuple[str, ...]], list[Key]] = {}
    for (key, missing), concerned in pools_of.items():
        keys_of.setdefault((missing, tuple(concerned)), []).append(key)
    for (missing, pools), keys in keys_of.items():
        for region, some in _by_province(inquiry.pack, pools):
            yield _line(inquiry.pack, subject, keys, missing, region, some)


def _missing_in(inquiry: Inquiry, region: str, subject: Subject, on: date) -> dict[Key, _Missing]:
    """Why each key without an answer has none."""
    made: dict[Key, _Missing] = {}
    for key in subject.keys:
        answer = inquiry.answer(region, subject, key, on)
        if isinstance(answer, Row) and answer.outcome == UNDETERMINED:
            made[key] = _Missing(answer.sentence, None, True)
        elif answer is None and inquiry.is_asked(region, subject, key, on):
            gap = inquiry.declared_gap(region, subject, key, on)
            made[key] = _Missing(
                gap.why if gap else _NOT_DECLARED, _ended(inquiry, region, subject, key, on), bool(gap)
            )
    return made


def _ended(inquiry: Inquiry, region: str, subject: Subject, key: Key, on: date) -> date | None:
    """The day after the last answer before `on` ended."""
    entries = inquiry.chain_entries(region, subject, key)
    ends = [
        entry.until + timedelta(1)
        for entry in entries
        if entry.until < on and inquiry.holds(entry, region, entry.until, {})
    ]
    return max(ends, default=None)


def _by_province(pack: Pack, pools: Iterable[str]) -> Iterator[tuple[Scope, tuple[str, ...]]]:
    """The pools of each province, with the region to name: the only pool, or the province."""
    made: dict[str, list[str]] = {}
    for pool in pools:
        made.setdefault(pack.chain(pool)[1].region, []).append(pool)
    for province, some in made.items():
        yield pack.scopes[some[0] if len(some) == 1 else province], tuple(some)


def _line(
    pack: Pack, subject: Subject, keys: Sequence[Key], missing: _Missing, region: Scope, pools: tuple[str, ...]
) -> Gap:
    region_zh, ask = _who(pack, region, pools)
    return Gap(
        region=region.region,
        region_zh=region_zh,
        subject=subject.name,
        zh=subject.zh,
        keys_zh=subject.keys_zh(keys),
        # Whom to ask stands in a column of its own.
        why=missing.why.replace("请问{ask}。", "").replace("{ask}", ask),
        ask=ask,
        since=missing.since,
        kind=subject.kind,
        pools=pools,
        is_declared=missing.is_declared,
    )


def _who(pack: Pack, region: Scope, pools: tuple[str, ...]) -> tuple[str, str]:
    """The name of some pools, and whom to ask: the province's agency if it concerns all of them."""
    if region.level != "province":
        return region.zh, region.agency
    others = [
        scope for scope in pack.scopes.values() if scope.level == "pool" and pack.chain(scope.region)[1] is region
    ]
    if len(pools) == len(others):
        return region.zh, region.agency
    return _pools_zh(region, pools, others), "这几个地方的医保经办机构"


def _pools_zh(region: Scope, pools: tuple[str, ...], all_pools: Sequence[Scope]) -> str:
    """Several pools by name, or the province but for a few, whichever is shorter."""
    left_out = [scope.zh for scope in all_pools if scope.region not in pools]
    if len(left_out) < len(pools):
        return f"{region.zh}（{'、'.join(left_out)}以外）"
    return "、".join(scope.zh for scope in all_pools if scope.region in pools)


def _topics(pack: Pack, on: date) -> Iterator[Gap]:
    for gap in pack.gaps:
        if gap.kind == "topic" and gap.since <= on <= gap.until:
            scope = pack.scopes[gap.region]
            pools = tuple(
                pool for pool in pack.scopes if scope in pack.chain(pool) and pack.scopes[pool].level == "pool"
            )
            yield Gap(
                gap.region, scope.zh, gap.subject, gap.subject, "", gap.why, scope.agency, None, "topic", pools, True
            )
