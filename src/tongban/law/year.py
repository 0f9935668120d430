"""A person's benefit year: what each bill adds to it, and what its bills would come to had one of them never been.

Deductibles, ceilings and critical-illness insurance depend on the bills before. Taking one back leaves the later ones
standing on totals that are no longer true; `rederive_year` says what they would have come to without it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from tongban.law.assess import assess, case_from_record
from tongban.law.model import Assessment, Breakdown, Case, ChronicCase, InpatientCase, OutpatientCase
from tongban.law.pack import Pack
from tongban.law.records import RecordUnreadable
from tongban.law.rules.inpatient import InpatientBreakdown
from tongban.law.rules.outpatient import OutpatientBreakdown

_ONLY_ONE: Mapping[str, Pack] = MappingProxyType({})


class YearTotals(NamedTuple):
    """The running totals of one person, benefit year and insurance, or what one bill adds to them; money in fen."""

    inpatient_stays: int = 0
    inpatient_pooled_fen: int = 0
    outpatient_visits: int = 0
    outpatient_pooled_fen: int = 0
    outpatient_deductible_fen: int = 0
    in_scope_borne_fen: int = 0
    critical_illness_fen: int = 0

    def plus(self, other: "YearTotals") -> "YearTotals":
        return YearTotals(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


class BillShares(NamedTuple):
    """What of a bill depends on the year, in fen: the deductible, and who pays how much."""

    deductible_fen: int
    pooled_fund_fen: int
    critical_illness_fen: int
    medical_assistance_fen: int
    person_share_fen: int

    @classmethod
    def of(cls, breakdown: Mapping[str, int]) -> Self:
        return cls(*(breakdown[name] for name in cls._fields))


class Rederived(NamedTuple):
    """A bill as it was settled, and under the totals carried anew: `anew` is the assessment of the same case with them.

    `would_be` is None where the law then gives no answer; `anew.undetermined` says why.
    """

    settled: BillShares
    would_be: BillShares | None
    anew: Assessment

    @property
    def differs(self) -> bool:
        return self.settled != self.would_be


def added_by(breakdown: Breakdown) -> YearTotals:
    """What a bill adds to the year. A bill of nothing (all returned) is neither a stay nor a visit.

    Chronic disease, giving birth and what only the account pays count towards none of these totals.
    """
    counts = int(breakdown.total_fen > 0)
    if isinstance(breakdown, InpatientBreakdown):
        return YearTotals(
            inpatient_stays=counts,
            inpatient_pooled_fen=breakdown.pooled_fund_fen,
            in_scope_borne_fen=breakdown.borne_fen,
            critical_illness_fen=breakdown.critical_illness_fen,
        )
    if isinstance(breakdown, OutpatientBreakdown):
        return YearTotals(
            outpatient_visits=counts,
            outpatient_pooled_fen=breakdown.pooled_fund_fen,
            outpatient_deductible_fen=breakdown.deductible_fen,
        )
    return YearTotals()


def inpatient_after(case: InpatientCase, year: YearTotals) -> InpatientCase:
    """The stay as the next one after what `year` holds."""
    return case._replace(
        stays_before=year.inpatient_stays,
        pooled_before_fen=year.inpatient_pooled_fen,
        borne_before_fen=year.in_scope_borne_fen,
        critical_illness_before_fen=year.critical_illness_fen,
    )


def outpatient_after(case: OutpatientCase, year: YearTotals) -> OutpatientCase:
    """The visit as the next one after what `year` holds."""
    return case._replace(
        pooled_before_fen=year.outpatient_pooled_fen, deductible_before_fen=year.outpatient_deductible_fen
    )


class DiseaseTotals(NamedTuple):
    """The year's totals of one chronic disease, which has a deductible and a ceiling of its own; money in fen."""

    pooled_fen: int = 0
    deductible_fen: int = 0


def chronic_after(case: ChronicCase, totals: DiseaseTotals) -> ChronicCase:
    """The visit as the next one for its disease after what the year holds of that disease."""
    return case._replace(pooled_before_fen=totals.pooled_fen, deductible_before_fen=totals.deductible_fen)


def rederive_year(
    pack: Pack, records: Sequence[Mapping[str, Any]], packs: Mapping[str, Pack] = _ONLY_ONE
) -> list[Rederived]:
    """The bills of one person, benefit year and insurance, anew: `records` as stored, in the order they were settled.

    Each is computed by the law of the version it names if `packs` holds it, else by `pack`; case data stay as they
    were, only the totals before each bill are carried from the bills before it in `records`. A bill the law then
    gives no answer for would not have been settled, so it adds nothing. Raises RecordUnreadable, and CaseRefused for a
    record with impossible amounts.
    """
    year = _Year()
    made: list[Rederived] = []
    for record in records:
        case, settled = _read(record)
        case = year.before(case)
        anew = assess(packs.get(record["version"], pack), case)
        would_be = None
        if anew.breakdown is not None:
            year.add(case, anew.breakdown)
            would_be = BillShares.of(anew.breakdown._asdict())
        made.append(Rederived(settled, would_be, anew))
    return made


def _read(record: Mapping[str, Any]) -> tuple[Case, BillShares]:
    """Raises RecordUnreadable for a record that was touched, or that another program wrote."""
    try:
        return case_from_record(record), BillShares.of(record["breakdown"])
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        raise RecordUnreadable(repr(error)) from error


@dataclass(slots=True)
class _Year:
    """The totals while they are carried from bill to bill."""

    totals: YearTotals = field(default_factory=YearTotals)
    of_disease: dict[str, DiseaseTotals] = field(default_factory=dict)

    def before(self, case: Case) -> Case:
        """The same case after everything so far. What the year does not carry (a quota, the account) stays as it is."""
        if isinstance(case, InpatientCase):
            return inpatient_after(case, self.totals)
        if isinstance(case, OutpatientCase):
            return outpatient_after(case, self.totals)
        if isinstance(case, ChronicCase):
            return chronic_after(case, self.of_disease.get(case.disease, DiseaseTotals()))
        return case

    def add(self, case: Case, breakdown: Breakdown) -> None:
        self.totals = self.totals.plus(added_by(breakdown))
        if isinstance(case, ChronicCase):
            before = self.of_disease.get(case.disease, DiseaseTotals())
            self.of_disease[case.disease] = DiseaseTotals(
                before.pooled_fen + breakdown.pooled_fund_fen, before.deductible_fen + breakdown.deductible_fen
            )
