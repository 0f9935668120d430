"""A stored record as texts look at it, and the conditions that pick a step or a wording."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from tongban.kernel.vocabulary import Confidence
from tongban.law.rules.outpatient import NO_LIMIT

Amounts: TypeAlias = Mapping[str, int]


class View:
    """A stored record with short names for what conditions and texts ask of it."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.rule: str = record["rule"]
        self.amounts: Amounts = record["breakdown"] or {}
        self.case: Mapping[str, Any] = record["case"]
        self.used: Mapping[str, Mapping[str, Any]] = record["used"]

    def is_(self, field: str, word: str) -> bool:
        return bool(self.case.get(field) == word)

    def mark(self, slot: str) -> Confidence:
        return Confidence(self.used[slot]["confidence"]) if slot in self.used else Confidence.OFFICIAL


def _amount_is(field: str, test: Callable[[int], bool]) -> Callable[[Amounts], bool]:
    return lambda amounts: test(amounts.get(field, 0))


# What a step or a variant of its wording may depend on; the names are used in explanations.yaml. Those that ask for
# amounts are asked of every bill. The others ask only for words of the case and for used values, which all bills of a
# kind share, so they are asked once for all of them.
ON_AMOUNTS: Mapping[str, Callable[[Amounts], bool]] = {
    "has_self_funded": _amount_is("self_funded_fen", bool),
    "has_over_price_cap": _amount_is("over_price_cap_fen", bool),
    "has_preselfpay": _amount_is("preselfpay_fen", bool),
    "has_deductible": _amount_is("deductible_fen", bool),
    "has_above": _amount_is("above_fen", bool),
    "has_computed": _amount_is("computed_fen", bool),
    "has_critical_illness": _amount_is("critical_illness_fen", bool),
    "is_adjusted": _amount_is("adjustment_bp", bool),
    "is_second_stay": _amount_is("stay_number", lambda number: number == 2),
    "is_later_stay": _amount_is("stay_number", lambda number: number > 2),
    "is_deductible_waived": lambda amounts: (
        amounts["deductible_standard_fen"] > 0 and amounts["deductible_due_fen"] == 0
    ),
    "is_deductible_cut": lambda amounts: 0 < amounts["deductible_due_fen"] < amounts["deductible_standard_fen"],
    "is_deductible_not_passed": lambda amounts: (
        amounts["in_scope_fen"] > 0
        and amounts["above_fen"] == 0
        and amounts["deductible_due_fen"] >= amounts["in_scope_fen"]
    ),
    "has_quota_used": _amount_is("quota_used_before_fen", bool),
    "is_ceiling_passed": lambda amounts: amounts["computed_fen"] > amounts["room_fen"],
    "is_visit_ceiling_passed": lambda amounts: (
        amounts["visit_ceiling_fen"] != NO_LIMIT
        and min(amounts["computed_fen"], amounts["room_fen"]) > amounts["visit_ceiling_fen"]
    ),
}
ON_KIND: Mapping[str, Callable[[View], bool]] = {
    "is_ceiling_unofficial": lambda view: view.mark("ceiling") is Confidence.ILLUSTRATIVE,
    "is_own_rate": lambda view: "adjustment" not in view.used,
    "is_resident": lambda view: view.is_("insurance_type", "resident"),
    "is_employee": lambda view: view.is_("insurance_type", "employee"),
    "is_same_pool": lambda view: view.is_("locality", "same_pool"),
    "is_in_province": lambda view: view.is_("locality", "in_province"),
    "is_cross_province": lambda view: view.is_("locality", "cross_province"),
    "is_home": lambda view: view.is_("path", "home"),
    "is_long_term": lambda view: view.is_("path", "long_term"),
    "is_referral": lambda view: view.is_("path", "referral"),
    "is_emergency": lambda view: view.is_("path", "emergency"),
    "is_own_choice": lambda view: view.is_("path", "own_choice"),
    "is_pharmacy": lambda view: view.is_("reason", "pharmacy"),
    "is_arrears": lambda view: view.is_("reason", "arrears"),
}
PREDICATES = (*ON_AMOUNTS, *ON_KIND)
