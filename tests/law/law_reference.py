"""The same articles computed a second time, slowly: Decimals in yuan, top to bottom, no code shared with the rules."""

from decimal import ROUND_HALF_UP, Decimal

FEN = Decimal("0.01")
ZERO = Decimal(0)


def yuan(fen: int) -> Decimal:
    return Decimal(fen) / 100


def part(bp: int) -> Decimal:
    return Decimal(bp) / 10_000


def to_fen(amount: Decimal) -> Decimal:
    return amount.quantize(FEN, rounding=ROUND_HALF_UP)


def stay(bill: dict[str, int], law: dict[str, int]) -> dict[str, Decimal | None]:
    """Pooled fund, critical illness and own share in yuan; None for all when the sources end at the ceiling."""
    in_scope = yuan(bill["in_scope_fen"])
    deductible = yuan(law["deductible_fen"])
    if bill["stays_before"] == 1:
        deductible = to_fen(deductible * part(law["second_stay_bp"]))
    if bill["stays_before"] >= 2:
        deductible = to_fen(deductible * part(law["later_stay_bp"]))
    rate = part(law["rate_bp"]) + part(law["adjustment_bp"])
    rate = Decimal(1) if rate > 1 else ZERO if rate < 0 else rate
    pooled = to_fen((in_scope - deductible) * rate) if in_scope > deductible else ZERO
    left_this_year = yuan(law["ceiling_fen"]) - yuan(bill["pooled_before_fen"])
    is_cut = pooled > (left_this_year if left_this_year > 0 else ZERO)
    if is_cut:
        pooled = left_this_year if left_this_year > 0 else ZERO
    own = in_scope - pooled
    extra = ZERO
    if law["critical_threshold_fen"] < 0:
        if is_cut:
            return {"pooled": None, "critical": None, "person": None}
    else:
        year = yuan(bill["borne_before_fen"]) + own
        line, line2 = yuan(law["critical_threshold_fen"]), yuan(law["critical_second_threshold_fen"])
        if law["critical_is_banded"]:
            low, high = (year if year < line2 else line2) - line, year - line2
            first = to_fen(low * part(law["critical_rate_bp"])) if low > 0 else ZERO
        else:
            first = to_fen((year - line) * part(law["critical_rate_bp"])) if year > line else ZERO
            high = year - first - line2
        second = to_fen(high * part(law["critical_second_rate_bp"])) if high > 0 else ZERO
        paid = yuan(bill["critical_illness_before_fen"])
        extra = first + second - paid
        for limit in (yuan(law["critical_ceiling_fen"]) - paid, own):
            extra = limit if extra > limit else extra
        extra = ZERO if extra < 0 else extra
    return {"pooled": pooled, "critical": extra, "person": yuan(bill["total_fen"]) - pooled - extra}


def visit(bill: dict[str, int], law: dict[str, int], no_limit: int) -> dict[str, Decimal | None]:
    """Pooled fund and own share of a visit, in yuan."""
    in_scope = yuan(bill["in_scope_fen"])
    deductible = yuan(law["deductible_fen"])
    if law["deductible_annual_fen"] != no_limit:
        still = yuan(law["deductible_annual_fen"]) - yuan(bill["deductible_before_fen"])
        deductible = sorted((ZERO, still, deductible))[1] if still > 0 else ZERO
    rate = sorted((ZERO, part(law["rate_bp"]) + part(law["adjustment_bp"]), Decimal(1)))[1]
    pooled = to_fen((in_scope - deductible) * rate) if in_scope > deductible else ZERO
    limits = [yuan(law["ceiling_fen"]) - yuan(bill["pooled_before_fen"])]
    if law["visit_ceiling_fen"] != no_limit:
        limits.append(yuan(law["visit_ceiling_fen"]))
    for limit in limits:
        pooled = limit if pooled > limit else pooled
    pooled = ZERO if pooled < 0 else pooled
    return {"pooled": pooled, "critical": ZERO, "person": yuan(bill["total_fen"]) - pooled}


def disease_visit(bill: dict[str, int], law: dict[str, int], no_limit: int) -> dict[str, Decimal | None]:
    """Pooled fund and own share of a visit for a chronic disease, in yuan."""
    still_to_pay_first = yuan(law["deductible_fen"]) - yuan(bill["deductible_before_fen"])
    counted = yuan(bill["in_scope_fen"])
    if still_to_pay_first > 0:
        counted = counted - still_to_pay_first if counted > still_to_pay_first else ZERO
    rate = part(law["rate_bp"] + law["adjustment_bp"])
    pooled = to_fen(counted * sorted((ZERO, rate, Decimal(1)))[1])
    if law["ceiling_fen"] != no_limit:
        left = yuan(law["ceiling_fen"]) - yuan(bill["pooled_before_fen"])
        pooled = sorted((ZERO, pooled, left))[1] if left > 0 else ZERO
    return {"pooled": pooled, "critical": ZERO, "person": yuan(bill["total_fen"]) - pooled}


def delivery(bill: dict[str, int], law: dict[str, int]) -> dict[str, Decimal | None]:
    """Pooled fund and own share of a stay for giving birth, in yuan."""
    pooled = yuan(bill["in_scope_fen"])
    left = yuan(law["quota_fen"]) - yuan(bill["quota_used_before_fen"])
    if left < pooled:
        pooled = left if left > 0 else ZERO
    return {"pooled": pooled, "critical": ZERO, "person": yuan(bill["total_fen"]) - pooled}


def at_own_cost(bill: dict[str, int]) -> dict[str, Decimal | None]:
    """A bill of which the funds pay nothing."""
    parts = ("self_funded_fen", "over_price_cap_fen", "preselfpay_fen", "in_scope_fen")
    return {"pooled": ZERO, "critical": ZERO, "person": sum((yuan(bill[each]) for each in parts), ZERO)}
