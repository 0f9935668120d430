"""Questions answered by decision tables: filing, terms of a filing, price class, benefit path."""

from datetime import date

from tongban.kernel.dates import zh_date
from tongban.kernel.vocabulary import Confidence, FilingKind, InsuranceType, Locality, PriceClass, Situation
from tongban.law.errors import FilingTermsUnknown
from tongban.law.model import (
    BenefitPath,
    FilingDecision,
    FilingOutcome,
    FilingQuestion,
    FilingTerms,
    Undetermined,
    UsedValue,
)
from tongban.law.pack import OPEN_ENDED, Pack, Row, SourceRef, worst
from tongban.law.tables import HOSPITAL_LEVELS, UNDETERMINED


def locality(insured_pool: str, treatment_pool: str, insured_province: str, treatment_province: str) -> Locality:
    """Where care is given, seen from the insured pool. 兵团 counts as a province of its own: its codes say so."""
    if insured_pool == treatment_pool:
        return Locality.SAME_POOL
    return Locality.IN_PROVINCE if insured_province == treatment_province else Locality.CROSS_PROVINCE


def decide_filing(pack: Pack, question: FilingQuestion) -> FilingDecision:
    """Whether this care has to be filed first. UNDETERMINED where no source speaks, with whom to ask."""
    inputs = (question.insurance_type, question.locality, question.situation, question.care)
    row = pack.row(question.insured_pool, "filing", inputs, question.on, question.treatment_pool)
    ask = pack.agency(question.insured_pool)
    if row is None:
        return FilingDecision(
            outcome=FilingOutcome.UNDETERMINED,
            sentence=f"{zh_date(question.on)}这个地方的备案规定还没有收进来。请问{ask}。",
            row_id="",
            sources=(),
            confidence=Confidence.ILLUSTRATIVE,
            conflict="",
            ask=ask,
        )
    outcome = FilingOutcome(row.outcome)
    return FilingDecision(
        outcome=outcome,
        sentence=row.sentence.format(ask=ask),
        row_id=row.id,
        sources=pack.source_lines(row.sources, row.confidence, row.since),
        confidence=row.confidence,
        conflict=row.conflict,
        ask=ask if outcome is FilingOutcome.UNDETERMINED else "",
    )


def price_class(
    pack: Pack, hospital_level: str, in_county: bool, on: date, insured_pool: str = ""
) -> PriceClass | Undetermined:
    """The price class of a hospital from its level code (01 to 11, empty if unknown) and whether it is a county's.

    The classes are the insured province's words, also for a hospital elsewhere; `insured_pool` says whose words to use
    and may be left out while the law of one province only is loaded.
    """
    pool = insured_pool or pack.only_province()
    level = hospital_level if hospital_level in HOSPITAL_LEVELS else "unknown"
    row = pack.row(pool, "price_class", (level, "yes" if in_county else "no"), on)
    return (
        PriceClass(row.outcome) if row and row.outcome != UNDETERMINED else _unknown(pack, pool, row, "医院属于第几类")
    )


_FILED_AS = {
    Situation.LONG_TERM: "long_term",
    Situation.REFERRAL: "referral",
    Situation.OWN_CHOICE: "unreferred",
}


def benefit_path(
    pack: Pack,
    insured_pool: str,
    insurance_type: InsuranceType,
    locality: Locality,
    filing_kind: FilingKind | None,
    is_emergency: bool,
    is_referred: bool,
    on: date,
) -> BenefitPath | Undetermined:
    """By which way a bill is settled, from the filing valid on the day of admission and the hospital's marks.

    A long-term filing goes before a referral, a referral before the emergency mark. Where a pool pays emergencies
    better than referrals, the caller asks twice, with and without the filing, and takes what serves the person best.
    """
    inputs = (
        insurance_type,
        locality,
        _FILED_AS[filing_kind.situation] if filing_kind else "none",
        "yes" if is_emergency else "no",
        "yes" if is_referred else "no",
    )
    row = pack.row(insured_pool, "benefit_path", inputs, on)
    if row and row.outcome != UNDETERMINED:
        return BenefitPath(row.outcome)
    return _unknown(pack, insured_pool, row, "这次看病按哪一种办法算")


def pooled_benefit_in_arrears(
    pack: Pack, insured_pool: str, insurance_type: InsuranceType, on: date
) -> UsedValue | Undetermined:
    """Whether the pooled fund pays while contributions are owed: value 1 or 0, with its sources."""
    used = pack.value(insured_pool, "pooled_benefit_in_arrears", (insurance_type,), on)
    if used is not None:
        return used
    return _unknown(pack, insured_pool, None, f"{insurance_type.zh}欠缴期间能不能报")


def _unknown(pack: Pack, pool: str, row: Row | None, what: str) -> Undetermined:
    ask = pack.agency(pool)
    reason = row.sentence.format(ask=ask) if row else f"没有查到{what}的规定。请问{ask}。"
    return Undetermined(reason, (what,), ask)


def filing_terms(pack: Pack, insured_pool: str, kind: FilingKind, locality: Locality, on: date) -> FilingTerms:
    """On which terms a kind is filed: months, dates, papers, which care it covers.

    Raises FilingTermsUnknown where no source says, for instance for a place that needs no filing at all.
    """
    months = pack.value(insured_pool, "filing_months_valid", (kind, locality), on)
    backdate = pack.value(insured_pool, "filing_backdate_days", (kind,), on)
    precedes = pack.value(insured_pool, "filing_start_precedes_admission", (kind,), on)
    texts = pack.kind_texts(insured_pool, kind, on)
    definition = next((text for text in texts if text.definition is not None), None)
    scopes = next((text for text in texts if text.scopes is not None), None)
    materials = next((text for text in texts if text.materials is not None), None)
    if not (months and backdate and precedes and definition and scopes and materials):
        raise FilingTermsUnknown(
            f"没有查到“{kind.zh}”在{locality.zh}怎么备案。请问{pack.agency(insured_pool)}。", field="kind"
        )
    values, told = (months, backdate, precedes), (definition, scopes, materials)
    refs = [(tuple(SourceRef(*pair) for pair in value.sources), value) for value in values]
    lines = [line for each, value in refs for line in pack.source_lines(each, value.confidence, value.since)]
    lines += [line for text in told for line in pack.source_lines(text.sources, text.confidence, text.since)]
    return FilingTerms(
        kind=kind,
        months_valid=None if months.value == OPEN_ENDED else months.value,
        backdate_days_max=backdate.value,
        must_start_before_admission=precedes.value == 1,
        materials=materials.materials or (),
        scopes=scopes.scopes or frozenset(),
        definition=definition.definition or "",
        sources=tuple(dict.fromkeys(lines)),
        confidence=worst([entry.confidence for entry in (*values, *told)]),
        conflicts=tuple(dict.fromkeys(entry.conflict for entry in (*values, *told) if entry.conflict)),
    )
