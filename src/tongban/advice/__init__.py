"""Advice before travelling: must it be filed, by whom, with which papers, and what it changes in yuan.

Pure: the law, the regions and what is known of the person come in as values. A door that knows less asks less: a
province's code in place of a pool, a distance in place of a region.
"""

from tongban.advice.advise import advise, notices
from tongban.advice.errors import BillRefused, NothingToCompare, PlaceNotGiven, PlaceUnknown
from tongban.advice.estimate import COMPARABLE, estimate, typical_bill
from tongban.advice.model import (
    Access,
    Advice,
    Bill,
    Destination,
    Effect,
    Estimate,
    FiledBy,
    Insured,
    KindAdvice,
    Notice,
    Option,
    Place,
    Question,
    TypicalBill,
    YearSoFar,
)

__all__ = [
    "advise",
    "Question",
    "Insured",
    "YearSoFar",
    "Destination",
    "Advice",
    "FiledBy",
    "KindAdvice",
    "Place",
    "Effect",
    "estimate",
    "Bill",
    "Estimate",
    "Option",
    "Access",
    "COMPARABLE",
    "typical_bill",
    "TypicalBill",
    "notices",
    "Notice",
    "PlaceUnknown",
    "PlaceNotGiven",
    "BillRefused",
    "NothingToCompare",
]
