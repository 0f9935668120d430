"""Cases in, assessments out: terms from the cache, the rule on integers, and the way back from a stored record."""

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, NoReturn

from tongban.kernel.vocabulary import CareKind, Confidence, Locality, Situation
from tongban.law.errors import AmountNegative, AmountNotWholeFen, AmountsDoNotAddUp, InScopeAboveTotal
from tongban.law.model import (
    CASE_TYPES,
    CASE_WORDS,
    AccountOnlyCase,
    AccountReason,
    Assessment,
    Case,
    ChronicCase,
    FilingOutcome,
    InpatientCase,
    MaternityCase,
    OutpatientCase,
    Undetermined,
    UsedValue,
)
from tongban.law.pack import Pack
from tongban.law.rules import account_only as account_only_rule
from tongban.law.rules import chronic as chronic_rule
from tongban.law.rules import inpatient as inpatient_rule
from tongban.law.rules import maternity as maternity_rule
from tongban.law.rules import outpatient as outpatient_rule
from tongban.law.rules.account_only import AccountOnlyBill, account_only
from tongban.law.rules.chronic import ChronicBill, ChronicTerms, chronic
from tongban.law.rules.inpatient import CEILING_PASSED, InpatientBill, InpatientTerms, inpatient
from tongban.law.rules.maternity import MaternityBill, MaternityTerms, maternity
from tongban.law.rules.outpatient import OutpatientBill, OutpatientTerms, outpatient
from tongban.law.terms import Resolved, chronic_terms, inpatient_terms, maternity_terms, outpatient_terms

# Which day's law governs is nowhere written; the reading is recorded under this id in conflicts.yaml.
GOVERNING_DAY = "R-1"
# What governs each rule: the reading R-1, or a field of the case. Each rule says it in its own file.
GOVERNING_DATES: Mapping[str, str] = {
    "inpatient": inpatient_rule.GOVERNING_DATE,
    "outpatient": outpatient_rule.GOVERNING_DATE,
    "chronic": chronic_rule.GOVERNING_DATE,
    "maternity": maternity_rule.GOVERNING_DATE,
    "account_only": account_only_rule.GOVERNING_DATE,
}
_SETTLEMENT_DAY = "settlement_day"
_NOTHING_USED: Mapping[str, UsedValue] = MappingProxyType({})


def law_day(pack: Pack, pool: str, care_day: date, settled_on: date) -> date:
    """The day whose law governs a settlement: that of settling, unless the pool reads it as the day of care."""
    key = (GOVERNING_DAY, pool)
    by_settlement = pack.terms_cache.get(key)
    if by_settlement is None:
        by_settlement = pack.terms_cache[key] = pack.chosen(pool, GOVERNING_DAY) == _SETTLEMENT_DAY
    return settled_on if by_settlement else care_day


# -- amounts --------------------------------------------------------------------------------------------------------


def _check_amounts(case: Case, parts: tuple[int, int, int, int], rest: tuple[int, ...]) -> None:
    """Raises a CaseRefused that names the field when an amount is no whole fen, negative, or the parts miss the total:
    the caller's fault, not a person's."""
    try:
        # A fraction anywhere makes a sum one too, so that whole fen need not be looked for one by one.
        is_fit = (
            min(parts) >= 0
            and (not rest or min(rest) >= 0)
            and sum(parts) == case.total_fen
            and type(sum(parts, sum(rest))) is int
        )
    except TypeError:
        is_fit = False
    if not is_fit:
        _refuse_amounts(case)


def _refuse_amounts(case: Case) -> NoReturn:
    for name, value in case._asdict().items():
        if not (name.endswith("_fen") or name == "stays_before"):
            continue
        if not isinstance(value, int):
            raise AmountNotWholeFen(f"{name} 要写成整数，现在是 {value}。", field=name)
        if value < 0:
            raise AmountNegative(f"{name} 不能是负数，现在是 {value}。", field=name)
    if case.in_scope_fen > case.total_fen:
        raise InScopeAboveTotal(
            f"in_scope_fen 是 {case.in_scope_fen}，比总费用 {case.total_fen} 还多。", field="in_scope_fen"
        )
    parts = case.self_funded_fen + case.over_price_cap_fen + case.preselfpay_fen + case.in_scope_fen
    raise AmountsDoNotAddUp(
        f"不能报的、超限价的、先付的和能报的加起来是 {parts}，总费用是 {case.total_fen}。", field="total_fen"
    )


# -- the rules ------------------------------------------------------------------------------------------------------


def assess_inpatient(pack: Pack, case: InpatientCase) -> Assessment:
    """Who pays what of one stay, under the law in force on the day `law_day` names.

    `case.path` was decided before, from the filing that is valid on the admission date. Undetermined when a source is
    missing, also when a stay passes the ceiling into a scheme whose figures nobody gives.
    """
    (pool, insurance_type, category, locality, path, price_class, admitted_on, settled_on) = case[:8]
    _check_amounts(case, case[9:13], case[13:])
    day = law_day(pack, pool, admitted_on, settled_on)
    key = ("inpatient", pool, insurance_type, category, locality, path, price_class, pack.epoch(day))
    resolved: Resolved[InpatientTerms] | Undetermined | None = pack.terms_cache.get(key)
    if resolved is None:
        resolved = inpatient_terms(pack, pool, insurance_type, category, locality, path, price_class, day)
        pack.terms_cache[key] = resolved
    if isinstance(resolved, Undetermined):
        return _without_terms(pack, "inpatient", case, resolved)
    breakdown = inpatient(InpatientBill(*case[8:]), resolved.terms)
    stays = min(case.stays_before, 2)
    if breakdown.status == CEILING_PASSED:
        beyond = Undetermined(
            reason=f"{pack.scope_name(pool)}{insurance_type.zh}：今年已超过基本医保最多报的数。"
            "超过的部分怎么接着报，没有查到规定，所以不给数。",
            missing=("职工大额医疗费用补助",),
            ask=pack.agency(pool),
        )
        return Assessment("inpatient", pack.version, case, beyond, None, Confidence.ILLUSTRATIVE, resolved.used[stays])
    return Assessment(
        "inpatient", pack.version, case, None, breakdown, resolved.confidence[stays], resolved.used[stays]
    )


def assess_outpatient(pack: Pack, case: OutpatientCase) -> Assessment:
    """Who pays what of one ordinary outpatient visit, under the law in force on the day `law_day` names."""
    (pool, insurance_type, category, locality, path, price_class, visited_on, settled_on) = case[:8]
    _check_amounts(case, case[9:13], case[13:])
    day = law_day(pack, pool, visited_on, settled_on)
    key = ("outpatient", pool, insurance_type, category, locality, path, price_class, pack.epoch(day))
    resolved: Resolved[OutpatientTerms] | Undetermined | None = pack.terms_cache.get(key)
    if resolved is None:
        resolved = outpatient_terms(pack, pool, insurance_type, category, locality, path, price_class, day)
        pack.terms_cache[key] = resolved
    if isinstance(resolved, Undetermined):
        return _without_terms(pack, "outpatient", case, resolved)
    breakdown = outpatient(OutpatientBill(*case[8:]), resolved.terms)
    return Assessment("outpatient", pack.version, case, None, breakdown, resolved.confidence[0], resolved.used[0])


def assess_chronic(pack: Pack, case: ChronicCase) -> Assessment:
    """Who pays what of one visit for a recognised chronic disease, under the law of the day `law_day` names.

    Whether the person is recognised as having the disease, and whether the hospital settles it, was asked before.
    """
    (pool, insurance_type, category, locality, path, disease, visited_on, settled_on) = case[:8]
    _check_amounts(case, case[9:13], case[13:])
    day = law_day(pack, pool, visited_on, settled_on)
    key = ("chronic", pool, insurance_type, category, locality, path, disease, pack.epoch(day))
    resolved: Resolved[ChronicTerms] | Undetermined | None = pack.terms_cache.get(key)
    if resolved is None:
        resolved = chronic_terms(pack, pool, insurance_type, category, locality, path, disease, day)
        pack.terms_cache[key] = resolved
    if isinstance(resolved, Undetermined):
        return _without_terms(pack, "chronic", case, resolved)
    breakdown = chronic(ChronicBill(*case[8:]), resolved.terms)
    return Assessment("chronic", pack.version, case, None, breakdown, resolved.confidence[0], resolved.used[0])


def assess_maternity(pack: Pack, case: MaternityCase) -> Assessment:
    """Who pays what of one stay for giving birth, under the law of the day `law_day` names."""
    (pool, insurance_type, category, locality, path, delivery, level, admitted_on, settled_on) = case[:9]
    _check_amounts(case, case[10:14], case[14:])
    day = law_day(pack, pool, admitted_on, settled_on)
    key = ("maternity", pool, insurance_type, category, locality, path, delivery, level, pack.epoch(day))
    resolved: Resolved[MaternityTerms] | Undetermined | None = pack.terms_cache.get(key)
    if resolved is None:
        resolved = maternity_terms(pack, pool, insurance_type, locality, path, delivery, level, day)
        pack.terms_cache[key] = resolved
    if isinstance(resolved, Undetermined):
        return _without_terms(pack, "maternity", case, resolved)
    breakdown = maternity(MaternityBill(*case[9:]), resolved.terms)
    return Assessment("maternity", pack.version, case, None, breakdown, resolved.confidence[0], resolved.used[0])


def assess_account_only(pack: Pack, case: AccountOnlyCase) -> Assessment:
    """A bill of which the funds pay nothing, with the row or value that says so under its reason.

    The law is that of the day of care. Undetermined when no source says it, and when contributions are owed but the
    pooled fund pays all the same: then the bill is a stay or a visit like any other.
    """
    _check_amounts(case, case[7:11], ())
    rests_on = _pharmacy_row(pack, case) if case.reason is AccountReason.PHARMACY else _arrears(pack, case)
    if isinstance(rests_on, Undetermined):
        return _without_terms(pack, "account_only", case, rests_on)
    breakdown = account_only(AccountOnlyBill(*case[6:11]))
    used = {str(case.reason): rests_on}
    return Assessment("account_only", pack.version, case, None, breakdown, rests_on.confidence, used)


def _pharmacy_row(pack: Pack, case: AccountOnlyCase) -> UsedValue | Undetermined:
    """The row of the filing table that speaks of buying at a pharmacy: from the personal account, nothing to file.

    It speaks of pharmacies elsewhere; nothing that is known says more of those at home, so it is taken for them too.
    """
    elsewhere = Locality.IN_PROVINCE if case.locality is Locality.SAME_POOL else case.locality
    inputs = (case.insurance_type, elsewhere, Situation.OWN_CHOICE, CareKind.PHARMACY)
    row = pack.row(case.insured_pool, "filing", inputs, case.visited_on, case.treatment_pool)
    if row is None or row.outcome == FilingOutcome.UNDETERMINED:
        return _not_said(pack, case, f"{case.insurance_type.zh}在药店买药能不能结算，没有查到规定。", "药店购药")
    return UsedValue("filing", 0, row.since, row.confidence, tuple(row.sources), row.conflict)


def _arrears(pack: Pack, case: AccountOnlyCase) -> UsedValue | Undetermined:
    used = pack.value(case.insured_pool, "pooled_benefit_in_arrears", (case.insurance_type,), case.visited_on)
    what = pack.definitions["pooled_benefit_in_arrears"].zh
    if used is None:
        return _not_said(pack, case, f"{case.insurance_type.zh}欠缴期间能不能报，没有查到规定。", what)
    if used.value:
        return _not_said(pack, case, "这里欠缴期间统筹基金照付，要按住院或门诊算，不能只用个人账户。", what)
    return used


def _not_said(pack: Pack, case: Case, reason: str, what: str) -> Undetermined:
    return Undetermined(reason, (what,), pack.agency(case.insured_pool))


def _without_terms(pack: Pack, rule: str, case: Case, why: Undetermined) -> Assessment:
    return Assessment(rule, pack.version, case, why, None, Confidence.ILLUSTRATIVE, _NOTHING_USED)


# -- any case -------------------------------------------------------------------------------------------------------

_ASSESS: Mapping[type[Case], Callable[[Pack, Any], Assessment]] = {
    InpatientCase: assess_inpatient,
    OutpatientCase: assess_outpatient,
    ChronicCase: assess_chronic,
    MaternityCase: assess_maternity,
    AccountOnlyCase: assess_account_only,
}


def assess(pack: Pack, case: Case) -> Assessment:
    """Who pays what of a bill of any kind: the case's type says by which rule."""
    return _ASSESS[type(case)](pack, case)


def case_from_record(record: Mapping[str, Any]) -> Case:
    """The case a record was made from."""
    made: dict[str, Any] = {}
    for name, value in record["case"].items():
        if name in CASE_WORDS:
            made[name] = next(word for words in CASE_WORDS[name] for word in words if word == value)
        elif name.endswith("_on"):
            made[name] = date.fromisoformat(value)
        else:
            made[name] = value
    return CASE_TYPES[record["rule"]](**made)


def recompute(pack: Pack, record: Mapping[str, Any]) -> Assessment:
    """The same case under `pack`. With the version the record names, the breakdown is the same to the fen; with a later
    one it should be too, because law is superseded by date and never edited."""
    return assess(pack, case_from_record(record))
