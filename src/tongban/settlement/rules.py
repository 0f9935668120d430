"""The arithmetic around the law: splitting a line by the catalogue, giving a part of it back, sharing what is left.

Pure: no SQL, no clock. The law itself is `tongban.law`; which of a person's filings it is asked about is in
`benefit.py`.
"""

from typing import NamedTuple

from tongban.directory import CatalogItem
from tongban.kernel.money import Fen, share_half_up
from tongban.kernel.vocabulary import CatalogClass, InsuranceType
from tongban.settlement.model import LineUpload

APPROVAL_GIVEN = "1"
APPROVAL_REFUSED = "2"

# Quantity has four decimals, unit price six, fen two: this many units of their product make one fen.
_PRODUCT_UNITS_PER_FEN = 10**8


class Split(NamedTuple):
    """What the treating region's catalogue makes of an amount; the four parts add up to it."""

    self_funded_fen: Fen
    over_price_cap_fen: Fen
    preselfpay_fen: Fen
    in_scope_fen: Fen

    @property
    def total_fen(self) -> Fen:
        return sum(self)

    def minus(self, other: "Split") -> "Split":
        return Split(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))

    def negated(self) -> "Split":
        return Split(*(-part for part in self))


def is_total_right(line: LineUpload) -> bool:
    """Quantity times unit price is the total, but for the rounding of the last half fen."""
    product = line.quantity_e4 * line.unit_price_e6
    return 2 * abs(product - line.total_fen * _PRODUCT_UNITS_PER_FEN) <= _PRODUCT_UNITS_PER_FEN


def is_self_funded(item: CatalogItem, approval: str) -> bool:
    """Class c always; an item with a payment restriction until the hospital approved it; anything it refused."""
    if item.catalog_class is CatalogClass.C or approval == APPROVAL_REFUSED:
        return True
    return item.is_restricted and approval != APPROVAL_GIVEN


def split_line(line: LineUpload, item: CatalogItem) -> Split:
    """A charge (not a return) under the treating region's catalogue 就医地目录.

    What lies above the price cap is the person's, then the first share of a class b item, the rest is in scope.
    """
    if is_self_funded(item, line.approval):
        return Split(line.total_fen, 0, 0, 0)
    over = 0
    if item.price_cap_microyuan is not None and line.unit_price_e6 > item.price_cap_microyuan:
        product = (line.unit_price_e6 - item.price_cap_microyuan) * line.quantity_e4
        over = min((2 * product + _PRODUCT_UNITS_PER_FEN) // (2 * _PRODUCT_UNITS_PER_FEN), line.total_fen)
    preselfpay = share_half_up(line.total_fen - over, item.preselfpay_bp)
    return Split(0, over, preselfpay, line.total_fen - over - preselfpay)


def split_return(remaining: Split, returned_fen: Fen) -> Split:
    """The parts of `returned_fen` (positive, at most what remains) that come off a line of which `remaining` is left.

    In proportion, but never more of a part than is left of it, and all of each when everything is returned: however
    a line is given back piece by piece, no part of it ends below zero.
    """
    assert 0 <= returned_fen <= remaining.total_fen
    parts: list[Fen] = []
    left, give = remaining.total_fen, returned_fen
    for part in remaining:
        # Half up, of what is still to be given. The last part that has anything takes the rest exactly.
        taken = (2 * part * give + left) // (2 * left) if left else 0
        parts.append(taken)
        left, give = left - part, give - taken
    assert give == 0
    return Split(*parts)


def account_share(
    person_share_fen: Fen, *, use_account: bool, insurance: InsuranceType, spendable_fen: Fen | None
) -> Fen:
    """How much of the own part the person's own account pays; relatives and cash pay the rest. Only employees have one;
    what of it is set apart for relatives is not spendable."""
    if not use_account or insurance is not InsuranceType.EMPLOYEE or spendable_fen is None:
        return 0
    return min(person_share_fen, spendable_fen)
