"""The rules without a loop of their own yet are compilable too, and compiled they say the same."""

from types import FunctionType
from typing import Any

import pytest
from hypothesis import given, settings
from law_strategies import account_only_bills, chronic_bills, chronic_terms, maternity_bills, maternity_terms
from numba import njit

from tongban.kernel.money import share_half_up
from tongban.law.rules.account_only import AccountOnlyBill, account_only
from tongban.law.rules.chronic import ChronicBill, ChronicTerms, chronic
from tongban.law.rules.maternity import MaternityBill, MaternityTerms, maternity


def compiled(rule: object) -> Any:
    assert isinstance(rule, FunctionType)
    names = {**rule.__globals__, "share_half_up": njit(share_half_up)}
    return njit(FunctionType(rule.__code__, names, rule.__name__))


@pytest.fixture(scope="module")
def fast() -> dict[str, Any]:
    return {rule.__name__: compiled(rule) for rule in (chronic, maternity, account_only)}


@settings(max_examples=300, deadline=None)
@given(bill=chronic_bills(), terms=chronic_terms())
def test_chronic(fast: dict[str, Any], bill: ChronicBill, terms: ChronicTerms) -> None:
    assert tuple(fast["chronic"](bill, terms)) == tuple(chronic(bill, terms))


@settings(max_examples=300, deadline=None)
@given(bill=maternity_bills(), terms=maternity_terms)
def test_maternity(fast: dict[str, Any], bill: MaternityBill, terms: MaternityTerms) -> None:
    assert tuple(fast["maternity"](bill, terms)) == tuple(maternity(bill, terms))


@settings(max_examples=300, deadline=None)
@given(bill=account_only_bills())
def test_account_only(fast: dict[str, Any], bill: AccountOnlyBill) -> None:
    assert tuple(fast["account_only"](bill)) == tuple(account_only(bill))
