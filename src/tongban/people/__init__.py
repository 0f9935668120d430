"""Who people are: identity, enrollment, credentials, consent, family. Knows no filing and no settlement."""

from tongban.people.demo_load import analyze_people, load_demo_people
from tongban.people.demo_people import DEMO_DAY, DemoCity, batches, demo_cast, demo_province
from tongban.people.errors import CardLost, CredentialNotActivated, CredentialReplaced, MedicalCodeNotIssued
from tongban.people.model import (
    CredentialKind,
    DemoPerson,
    DemoResident,
    Enrollment,
    Kin,
    MedicalCodeState,
    PaymentState,
    Person,
)
from tongban.people.service import (
    activate_medical_code,
    consent_given,
    demo_residents,
    enrollments,
    find_by_credential,
    find_by_id_number,
    get_person,
    give_consent,
    kin_of,
    medical_code,
    medical_code_state,
    names_of,
)

__all__ = [
    "DEMO_DAY",
    "CardLost",
    "CredentialKind",
    "CredentialNotActivated",
    "CredentialReplaced",
    "DemoCity",
    "DemoPerson",
    "DemoResident",
    "Enrollment",
    "Kin",
    "MedicalCodeNotIssued",
    "MedicalCodeState",
    "PaymentState",
    "Person",
    "activate_medical_code",
    "analyze_people",
    "batches",
    "consent_given",
    "demo_cast",
    "demo_province",
    "demo_residents",
    "enrollments",
    "find_by_credential",
    "find_by_id_number",
    "get_person",
    "give_consent",
    "kin_of",
    "load_demo_people",
    "medical_code",
    "medical_code_state",
    "names_of",
]
