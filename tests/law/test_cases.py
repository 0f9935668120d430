"""Every case beside the policies, as an official reads it: input in yuan, expected amounts, article."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from tongban.kernel.money import fen_from_yuan
from tongban.kernel.vocabulary import InsuranceType, Locality, PersonnelCategory, PriceClass
from tongban.law import (
    Assessment,
    BenefitPath,
    InpatientCase,
    OutpatientCase,
    Pack,
    assess_inpatient,
    assess_outpatient,
    recompute,
)

POLICIES = Path(__file__).parents[2] / "policies"
_BILL = {"total", "self_funded", "over_price_cap", "preselfpay"}
_BEFORE = {
    "inpatient": {"stays_before", "pooled_before", "borne_before", "critical_before"},
    "outpatient": {"pooled_before", "deductible_before"},
}
_KEYS = {
    *("title", "article", "insured_pool", "insurance_type", "category", "locality", "path", "price_class"),
    *("settled_on", "admitted_on", "bill", "expect", "undetermined"),
}


def _all_cases() -> list[Any]:
    found = []
    for path in sorted(POLICIES.rglob("cases/*.yaml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for case in document["cases"]:
            assert set(case) <= _KEYS, f"{path}: {case['title']}: {set(case) - _KEYS}"
            merged = {**document["defaults"], **case}
            found.append(pytest.param(document["rule"], merged, id=f"{document['title']}: {case['title']}"))
    return found


def _fen(value: object) -> int:
    return fen_from_yuan(str(value))


def _assess(pack: Pack, rule: str, case: dict[str, Any]) -> Assessment:
    bill = case["bill"]
    assert set(bill) <= _BILL | _BEFORE[rule]
    total, *parts = (_fen(bill.get(name, 0)) for name in ("total", "self_funded", "over_price_cap", "preselfpay"))
    who = (
        case["insured_pool"],
        InsuranceType(case["insurance_type"]),
        PersonnelCategory(case["category"]),
        Locality(case["locality"]),
        BenefitPath(case["path"]),
        PriceClass(case["price_class"]),
        case.get("admitted_on", case["settled_on"]),
        case["settled_on"],
    )
    amounts = (total, *parts, total - sum(parts))
    if rule == "inpatient":
        before = [_fen(bill.get(name, 0)) for name in ("pooled_before", "borne_before", "critical_before")]
        return assess_inpatient(pack, InpatientCase(*who, *amounts, bill.get("stays_before", 0), *before))
    before = [_fen(bill.get(name, 0)) for name in ("pooled_before", "deductible_before")]
    return assess_outpatient(pack, OutpatientCase(*who, *amounts, *before))


@pytest.mark.parametrize(("rule", "case"), _all_cases())
def test_case(pack: Pack, rule: str, case: dict[str, Any]) -> None:
    assert isinstance(case["settled_on"], date)
    assert case["article"]
    made = _assess(pack, rule, case)
    if "undetermined" in case:
        assert made.undetermined is not None
        assert list(made.undetermined.missing) == case["undetermined"]
        assert made.undetermined.ask == pack.agency(case["insured_pool"])
        assert made.breakdown is None
        return
    assert made.undetermined is None
    assert made.breakdown is not None
    amounts = made.breakdown._asdict()
    got = {}
    for name in case["expect"]:
        is_rate = f"{name}_bp" in amounts
        amount = amounts[f"{name}_bp" if is_rate else f"{name}_fen"]
        got[name] = f"{amount / 100:g}%" if is_rate else amount
    assert got == {name: value if str(value).endswith("%") else _fen(value) for name, value in case["expect"].items()}
    assert recompute(pack, made.record()).breakdown == made.breakdown


def test_every_region_with_figures_of_its_own_has_cases() -> None:
    """A region whose folder holds values is named by at least one case."""
    told = {case["insured_pool"] for _, case in (param.values for param in _all_cases())}
    for scope in POLICIES.rglob("scope.yaml"):
        holds = any("parameter: inpatient_rate" in path.read_text() for path in scope.parent.glob("*.yaml"))
        region = yaml.safe_load(scope.read_text())
        if holds and region["level"] == "pool":
            assert region["region"] in told, scope
