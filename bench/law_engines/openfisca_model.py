"""OpenFisca-Core: a tax-benefit system of its own with parameters, variables and formulas, in several versions.

As people write it, amounts are yuan in `float` variables, which the engine keeps as float32. The way round that are fen
in `int` variables, which it keeps as int32: then formulas widen an amount before they multiply it, and none may pass 21
million yuan. float64 cannot be had without patching the engine.

The manual's way to a parameter that depends on a word (fancy indexing) goes through the claims one by one. The other
versions look it up in an array, which is many times faster.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from openfisca_core.entities import build_entity
from openfisca_core.indexed_enums import Enum
from openfisca_core.parameters import ParameterNode
from openfisca_core.periods import DateUnit
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

from law_engines.claims import BY_CLASS, BY_WAY, CLASSES, Claims, Law
from law_engines.engine import Answer, Engine

Column = NDArray[Any]
Formula = Callable[[Any, Any, Any], Any]  # the stays, the period, the parameters: none of them typed

_YEAR = "2026"
_SINCE = "2020-01-01"
_STAY = build_entity(key="stay", plural="stays", label="A stay in hospital", is_person=True)


def _by_array(node: Any, words: Column) -> Column:
    found: Column = np.array([node[word] for word in node])[words.view(np.ndarray)]
    return found


def _by_manual(node: Any, words: Column) -> Column:
    found: Column = node[words]
    return found


@dataclass(frozen=True, slots=True)
class Version:
    """How a version keeps money: the type of its variables, how many of its units a fen and a basis point are, and the
    share of an amount at a rate, rounded half up to the fen. And how it finds a parameter that depends on a word."""

    kind: type
    fen: float
    bp: float
    share: Callable[[Column, Column], Column]
    look: Callable[[Any, Column], Column] = _by_array

    def term(self, field: str, value: int) -> float:
        """A term of the law in this version's units."""
        return value * (self.fen if field.endswith("_fen") else self.bp if field.endswith("_bp") else 1)


YUAN_FLOAT = Version(float, 0.01, 0.0001, lambda amounts, rates: np.floor(amounts * rates * 100 + 0.5) / 100)
YUAN_FLOAT_BY_MANUAL = replace(YUAN_FLOAT, look=_by_manual)
FEN_INT = Version(int, 1, 1, lambda amounts, rates: (amounts.astype(np.int64) * rates + 5000) // 10000)


def engines(claims: Claims) -> list[Engine]:
    fund, shares = ("fund",), ("fund", "critical", "person")
    return [
        _engine("OpenFisca-Core, yuan in float", claims, YUAN_FLOAT, shares),
        _engine("OpenFisca-Core, yuan in float, fund only", claims, YUAN_FLOAT, fund),
        _engine("OpenFisca-Core, fen in int", claims, FEN_INT, shares),
        _engine("OpenFisca-Core, parameters as in its manual", claims, YUAN_FLOAT_BY_MANUAL, shares),
    ]


def _engine(name: str, claims: Claims, version: Version, wanted: tuple[str, ...]) -> Engine:
    way_enum = Enum("Way", {str(way): str(way) for way in claims.law.ways})
    class_enum = Enum("PriceClass", {str(place): place.zh for place in CLASSES})
    system = _system(claims.law, version, way_enum, class_enum)
    before, amount = claims.before, version.kind
    ways, places = np.divmod(claims.stays.terms_row, len(CLASSES))
    inputs = {
        "way": way_enum.encode(ways),
        "price_class": class_enum.encode(places),
        "stays_before": before.stays,
        "pooled_before": (before.pooled_fen * version.fen).astype(amount),
        "borne_before": (before.borne_fen * version.fen).astype(amount),
        "critical_before": (before.critical_illness_fen * version.fen).astype(amount),
        "total": (claims.stays.total_fen * version.fen).astype(amount),
        "in_scope": (claims.stays.in_scope_fen * version.fen).astype(amount),
    }

    def run() -> list[Column]:
        simulation = SimulationBuilder().build_default_simulation(system, count=claims.count)
        for variable, column in inputs.items():
            simulation.set_input(variable, _YEAR, column)
        return [simulation.calculate(variable, _YEAR) for variable in wanted]

    def read(columns: list[Column]) -> Answer:
        return tuple(np.rint(column.astype(np.float64) / version.fen).astype(np.int64) for column in columns)

    return Engine(name, claims, run, read)


def _system(law: Law, version: Version, way_enum: type[Enum], class_enum: type[Enum]) -> TaxBenefitSystem:
    system = TaxBenefitSystem([_STAY])
    system.parameters = ParameterNode("", data=_parameters(law, version))
    system.add_variables(
        _variable("way", Enum, possible_values=way_enum, default_value=way_enum[str(law.ways[0])]),
        _variable("price_class", Enum, possible_values=class_enum, default_value=class_enum[str(CLASSES[0])]),
        _variable("stays_before", int),
        *[
            _variable(name, version.kind)
            for name in ("pooled_before", "borne_before", "critical_before", "total", "in_scope")
        ],
        *[_variable(name, version.kind, formula=formula) for name, formula in _formulas(version).items()],
    )
    return system


def _variable(name: str, kind: type, **more: Any) -> type[Variable]:
    return type(
        name,
        (Variable,),
        {"value_type": kind, "entity": _STAY, "definition_period": DateUnit.YEAR, "label": name, **more},
    )


def _parameters(law: Law, version: Version) -> dict[str, Any]:
    """A node per term: by class, by way, or one value."""

    def value(field: str, amount: int) -> dict[str, Any]:
        return {"values": {_SINCE: {"value": version.term(field, amount)}}}

    made: dict[str, Any] = {}
    for field in law.terms[0]._fields:
        if field in BY_CLASS:
            made[field] = {
                str(word): value(field, each) for word, each in zip(CLASSES, law.by_class(field), strict=True)
            }
        elif field in BY_WAY:
            made[field] = {
                str(word): value(field, each) for word, each in zip(law.ways, law.by_way(field), strict=True)
            }
        else:
            made[field] = value(field, law.same(field))
    return made


def _formulas(version: Version) -> dict[str, Formula]:
    whole = 10000 * version.bp
    share, look = version.share, version.look

    def deductible(stays: Any, period: Any, parameters: Any) -> Any:
        law = parameters(period)
        number = stays("stays_before", period)
        part = np.where(number == 0, whole, np.where(number == 1, law.second_stay_bp, law.later_stay_bp))
        due = share(look(law.deductible_fen, stays("price_class", period)), part)
        return np.minimum(due, stays("in_scope", period))

    def fund(stays: Any, period: Any, parameters: Any) -> Any:
        law = parameters(period)
        above = stays("in_scope", period) - stays("deductible", period)
        rate = look(law.rate_bp, stays("price_class", period)) + look(law.adjustment_bp, stays("way", period))
        computed = share(above, np.clip(rate, 0, whole))
        return np.minimum(computed, np.maximum(law.ceiling_fen - stays("pooled_before", period), 0))

    def critical(stays: Any, period: Any, parameters: Any) -> Any:
        law = parameters(period)
        line, line2 = law.critical_threshold_fen, law.critical_second_threshold_fen
        is_banded = law.critical_is_banded == 1
        own = stays("in_scope", period) - stays("fund", period)
        year = stays("borne_before", period) + own
        paid = stays("critical_before", period)
        first_to = np.minimum(year, line2) if is_banded else year
        first = share(np.maximum(first_to - line, 0), law.critical_rate_bp)
        second_to = year if is_banded else year - first
        second = share(np.maximum(second_to - line2, 0), law.critical_second_rate_bp)
        due = np.minimum(np.maximum(first + second - paid, 0), np.maximum(law.critical_ceiling_fen - paid, 0))
        return np.minimum(due, own)

    def person(stays: Any, period: Any, parameters: Any) -> Any:
        return stays("total", period) - stays("fund", period) - stays("critical", period)

    return {"deductible": deductible, "fund": fund, "critical": critical, "person": person}
