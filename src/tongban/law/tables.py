"""Decision tables: which inputs they have, and the proof that every combination hits exactly one row."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product

from tongban.kernel.vocabulary import CareKind, InsuranceType, Locality, PriceClass, Relation, Situation, Word
from tongban.law.model import BenefitPath, FilingOutcome
from tongban.law.pack import FOREVER, Row
from tongban.law.words import (
    Act,
    CareStage,
    Channel,
    ChannelState,
    ChronicSettlement,
    ClaimCare,
    ClaimRoute,
    Conduct,
    DualBenefit,
    EmergencyStanding,
    FilingAct,
    FilingActor,
    Giver,
    InjuryDecision,
    InsuranceState,
    LateFiling,
    PaidHow,
    PapersState,
    Payable,
    Penalty,
    Permission,
    ServiceItem,
    SharedExpense,
    SharingEnd,
    SharingEvent,
    ThirdParty,
)

YES_NO = ("yes", "no")
UNDETERMINED = "undetermined"
HOSPITAL_LEVELS = ("unknown", *(f"{number:02d}" for number in range(1, 12)))
FILED_AS = ("none", "long_term", "referral", "unreferred")


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """A table's inputs in order, each with every value it can take, and its possible outcomes with their labels."""

    zh: str
    inputs: Mapping[str, tuple[str, ...]]
    outcomes: Mapping[str, str]

    def combinations(self) -> Iterator[tuple[str, ...]]:
        return product(*self.inputs.values())


def _words(enum: Iterable[str]) -> tuple[str, ...]:
    return tuple(enum)


def _outcomes(words: Iterable[Word], *, may_be_unknown: bool = False) -> dict[str, str]:
    made = {str(word): word.zh for word in words}
    return {**made, UNDETERMINED: "没有查到规定"} if may_be_unknown else made


TABLES: Mapping[str, TableDefinition] = {
    "filing": TableDefinition(
        "要不要先备案",
        {
            "insurance_type": _words(InsuranceType),
            "locality": _words(Locality),
            "situation": _words(Situation),
            "care": _words(CareKind),
        },
        _outcomes(FilingOutcome),
    ),
    "filing_change": TableDefinition(
        "备案能不能取消、改、接着用",
        {"act": _words(FilingAct), "settled_here": YES_NO, "actor": _words(FilingActor)},
        _outcomes(Permission),
    ),
    "late_filing": TableDefinition(
        "这时候还能不能备案",
        {"stage": _words(CareStage), "locality": _words(Locality), "situation": _words(Situation)},
        _outcomes(LateFiling),
    ),
    "emergency": TableDefinition(
        "急诊算不算已经备案",
        {
            "insurance_type": _words(InsuranceType),
            "locality": _words(Locality),
            "care": _words((CareKind.INPATIENT, CareKind.OUTPATIENT)),
            "is_marked": YES_NO,
        },
        _outcomes(EmergencyStanding),
    ),
    "dual_benefit": TableDefinition(
        "备了长期居住，回参保地是不是照常", {"papers": _words(PapersState)}, _outcomes(DualBenefit)
    ),
    "channel": TableDefinition(
        "从哪里办", {"item": _words(ServiceItem), "channel": _words(Channel)}, _outcomes(ChannelState)
    ),
    "act_for_another": TableDefinition(
        "谁可以替别人办", {"act": _words(Act), "relation": _words(Relation)}, _outcomes(Permission)
    ),
    "mutual_aid_give": TableDefinition("谁可以把个人账户给家人用", {"giver": _words(Giver)}, _outcomes(Permission)),
    "mutual_aid_use": TableDefinition(
        "家人的个人账户能付什么",
        {
            "giver_state": _words(InsuranceState),
            "receiver_state": _words(InsuranceState),
            "expense": _words(SharedExpense),
            "locality": _words(Locality),
        },
        _outcomes(Payable),
    ),
    "mutual_aid_end": TableDefinition(
        "家庭共济怎样结束", {"event": _words(SharingEvent), "locality": _words(Locality)}, _outcomes(SharingEnd)
    ),
    "claim_route": TableDefinition(
        "没有直接结算的，到哪里报",
        {"care": _words(ClaimCare), "locality": _words(Locality), "paid": _words(PaidHow)},
        _outcomes(ClaimRoute),
    ),
    "injury": TableDefinition(
        "受伤看病，医保付不付",
        {"third_party": _words(ThirdParty), "is_signed": YES_NO, "locality": _words(Locality)},
        _outcomes(InjuryDecision),
    ),
    "chronic_settlement": TableDefinition(
        "慢特病能不能直接结算",
        {
            "locality": _words(Locality),
            "situation": _words(Situation),
            "is_recognised": YES_NO,
            "is_listed": YES_NO,
            "is_filed": YES_NO,
        },
        _outcomes(ChronicSettlement),
    ),
    "penalty": TableDefinition("违反规定怎么处理", {"conduct": _words(Conduct)}, _outcomes(Penalty)),
    "price_class": TableDefinition(
        "医院属于第几类",
        {"hospital_level": HOSPITAL_LEVELS, "in_county": YES_NO},
        _outcomes(PriceClass, may_be_unknown=True),
    ),
    "benefit_path": TableDefinition(
        "这次看病按哪种办法算",
        {
            "insurance_type": _words(InsuranceType),
            "locality": _words(Locality),
            "filed_as": FILED_AS,
            "is_emergency": YES_NO,
            "is_referred": YES_NO,
        },
        _outcomes(BenefitPath, may_be_unknown=True),
    ),
}


def expand(definition: TableDefinition, row: Row) -> Iterator[tuple[str, ...]]:
    """Every combination of inputs the row speaks of; an input it does not name may be anything."""
    return product(*(row.when.get(name, values) for name, values in definition.inputs.items()))


def prove(
    definition: TableDefinition,
    rows: list[Row],
    readings_of: Mapping[str, frozenset[str]],
    *,
    must_be_total: bool,
    since: date,
) -> list[str]:
    """Problems, in words, if some combination on some day hits no row or more than one; empty if the table is total.

    Several rows may share a combination only as the readings of one conflict: then each reading must have its row, so
    that whichever is chosen, exactly one applies. A table that only overrides a wider region's may leave holes.
    """
    hits: dict[tuple[str, tuple[str, ...]], list[Row]] = {}
    for row in rows:
        for place in row.treatment_pools or ("",):
            for combination in expand(definition, row):
                hits.setdefault((place, combination), []).append(row)
    starts = {since} | {row.since for row in rows} | {row.until + timedelta(1) for row in rows if row.until != FOREVER}
    problems: dict[str, None] = {}
    places = {place for place, _ in hits} | {""}
    for place, combination in product(sorted(places), definition.combinations()):
        for day in sorted(starts):
            here = [row for row in hits.get((place, combination), ()) if row.since <= day <= row.until]
            if here:
                fault = _clash(here, readings_of)
            else:
                fault = "没有一行说到" if must_be_total and place == "" and day >= since else ""
            if fault:
                at = "、".join(combination) + (f"、就医地 {place}" if place else "")
                problems.setdefault(f"{at}（{day} 起）：{fault}")
                break
    return list(problems)


def _clash(rows: list[Row], readings_of: Mapping[str, frozenset[str]]) -> str:
    names = "、".join(row.id for row in rows)
    if len(rows) == 1 and not rows[0].reading:
        return ""
    conflicts = {row.conflict for row in rows}
    readings = [row.reading for row in rows]
    if len(conflicts) != 1 or "" in readings or len(set(readings)) != len(readings):
        return f"同时落在 {len(rows)} 行：{names}"
    left_out = readings_of.get(next(iter(conflicts)), frozenset()) - set(readings)
    return f"{names} 没有写到 {next(iter(conflicts))} 的读法 {'、'.join(sorted(left_out))}" if left_out else ""
