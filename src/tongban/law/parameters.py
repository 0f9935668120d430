"""What the policy files may give a value for: every parameter some rule reads, what it depends on, and its units."""

from collections.abc import Mapping

from tongban.kernel.vocabulary import (
    ChronicDisease,
    DeliveryKind,
    FilingKind,
    InstitutionLevel,
    InsuranceType,
    Locality,
    MedicationScheme,
    PersonnelCategory,
    PriceClass,
    Relation,
)
from tongban.law.model import BenefitPath
from tongban.law.pack import OPEN_ENDED
from tongban.law.rules.outpatient import NO_LIMIT
from tongban.law.words import Applicant, Paper, ServiceItem, Way

# Every parameter some rule reads, and what it depends on. `parameters.yaml` must say the same.
PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "inpatient_deductible": ("insurance_type", "price_class"),
    "inpatient_path_deductible": ("insurance_type", "locality", "path", "price_class"),
    "inpatient_repeat_deductible": ("insurance_type", "stay"),
    "inpatient_rate": ("insurance_type", "category", "price_class"),
    "inpatient_adjustment": ("insurance_type", "locality", "path"),
    "inpatient_path_rate": ("insurance_type", "category", "locality", "path", "price_class"),
    "inpatient_ceiling": ("insurance_type",),
    "critical_illness_threshold": ("insurance_type",),
    "critical_illness_rate": ("insurance_type",),
    "critical_illness_second_threshold": ("insurance_type",),
    "critical_illness_second_rate": ("insurance_type",),
    "critical_illness_is_banded": ("insurance_type",),
    "critical_illness_ceiling": ("insurance_type",),
    "outpatient_deductible": ("insurance_type", "price_class"),
    "outpatient_deductible_annual": ("insurance_type",),
    "outpatient_rate": ("insurance_type", "category", "price_class"),
    "outpatient_adjustment": ("insurance_type", "locality", "path"),
    "outpatient_visit_ceiling": ("insurance_type",),
    "outpatient_ceiling": ("insurance_type", "category"),
    "chronic_deductible": ("insurance_type", "disease"),
    "chronic_rate": ("insurance_type", "category", "disease"),
    "chronic_adjustment": ("insurance_type", "locality", "path"),
    "chronic_ceiling": ("insurance_type", "disease"),
    "chronic_months_valid": ("disease",),
    "chronic_institutions_max": (),
    "chronic_is_bound_to_institutions": ("locality",),
    "maternity_quota": ("insurance_type", "locality", "path", "delivery", "institution_level"),
    "class_b_drug_preselfpay": ("insurance_type",),
    "pooled_benefit_in_arrears": ("insurance_type",),
    "filing_months_valid": ("filing_kind", "locality"),
    "filing_backdate_days": ("filing_kind",),
    "filing_start_precedes_admission": ("filing_kind",),
    "filing_stays_max": ("filing_kind", "locality"),
    "filing_serves_whole_stay": (),
    "filing_needs_papers": ("way",),
    "filing_papers_may_follow": ("way",),
    "filing_archive_months": (),
    "online_needs_medical_code": (),
    "handling_working_days": ("item",),
    "mutual_aid_floor": (),
    "mutual_aid_authorisers_max": (),
    "mutual_aid_has_limit_per_receiver": (),
    "mutual_aid_records_max": ("relation",),
    "mutual_aid_is_quota": ("locality",),
    "mutual_aid_wallet_transfers_daily_max": (),
    "mutual_aid_wallet_transfer_max": (),
    "mutual_aid_wallet_closes_at": (),
    "mutual_aid_wallet_opens_at": (),
    # Not law: bills to speak about when none is known.
    "average_stay_cost": ("insurance_type", "hospitals"),
    "example_visit_cost": ("insurance_type",),
}

KEY_WORDS: Mapping[str, tuple[str, ...]] = {
    "insurance_type": tuple(InsuranceType),
    "category": tuple(PersonnelCategory),
    "locality": tuple(Locality),
    "path": tuple(BenefitPath),
    "price_class": tuple(PriceClass),
    "disease": (*ChronicDisease, *MedicationScheme),
    "delivery": tuple(DeliveryKind),
    "institution_level": tuple(InstitutionLevel),
    "filing_kind": tuple(FilingKind),
    "stay": ("second", "later"),
    "relation": tuple(Relation),
    "item": tuple(ServiceItem),
    "way": tuple(Way),
    "applicant": tuple(Applicant),
    "paper": tuple(Paper),
    "hospitals": ("all", "tertiary"),
}
UNITS = ("fen", "bp", "days", "months", "count", "hour", "flag")
SPECIALS = {("fen", "no_limit"): NO_LIMIT, ("count", "no_limit"): NO_LIMIT, ("months", "open_ended"): OPEN_ENDED}
# Amounts a rule counts with: without a limit it would take the mark for an amount.
ALWAYS_LIMITED = frozenset(
    {
        "inpatient_deductible",
        "inpatient_path_deductible",
        "inpatient_ceiling",
        "critical_illness_threshold",
        "critical_illness_second_threshold",
        "critical_illness_ceiling",
        "outpatient_deductible",
        "outpatient_ceiling",
        "chronic_deductible",
        "maternity_quota",
    }
)
