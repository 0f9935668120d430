"""Who people are: identity, enrollment, credentials, consent, family. Knows no filing and no settlement."""

from tongban.people.errors import CardLost, CredentialNotActivated, CredentialReplaced, MedicalCodeNotIssued
from tongban.people.model import (
    CredentialKind,
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
)

__all__ = [
    "CardLost",
    "CredentialKind",
    "CredentialNotActivated",
    "CredentialReplaced",
    "DemoResident",
    "Enrollment",
    "Kin",
    "MedicalCodeNotIssued",
    "MedicalCodeState",
    "PaymentState",
    "Person",
    "activate_medical_code",
    "consent_given",
    "demo_residents",
    "enrollments",
    "find_by_credential",
    "find_by_id_number",
    "get_person",
    "give_consent",
    "kin_of",
    "medical_code",
    "medical_code_state",
]
