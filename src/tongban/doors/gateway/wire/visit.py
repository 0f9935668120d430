"""Registering a visit, admitting and discharging: 2201 to 2203, 2401 to 2405."""

from typing import Annotated

import msgspec
from msgspec import Meta

from tongban.doors.gateway.scalars import Extension, WireDay, WireSwitch, WireTime
from tongban.doors.gateway.wire.names import NAMES, Identifier, LongText, Text


class Marks(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    """Where the emergency and trauma marks may stand: in the extension, or as members of the node itself."""

    extension: Extension | None = None
    emergency_member: Identifier = ""
    outpatient_emergency_member: Identifier = ""
    stay_kind_member: Identifier = ""
    trauma_member: Identifier = ""
    third_party_member: Identifier = ""


class DiagnosisRow(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    diagnosis_order: Annotated[int, Meta(ge=0, le=999)]
    diagnosis_code: Identifier
    diagnosis_name: Text
    diagnosis_kind: Identifier = "1"
    is_main_diagnosis: WireSwitch = WireSwitch(0)
    is_valid: WireSwitch = WireSwitch(1)


class Registration(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    person_number: Identifier
    insurance_code: Identifier
    begins_at: WireTime
    credential_kind: Identifier
    visit_serial: Identifier
    credential_number: Text = ""
    person_name: Text = ""
    certificate_number: Identifier = ""
    doctor_no: Text = ""
    doctor_name: Text = ""
    department_code: Text = ""
    department_name: Text = ""


class RegistrationInput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    data: Registration


class RegistrationAnswer(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    encounter_number: str
    person_number: str
    visit_serial: str


class RegistrationOutput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    data: RegistrationAnswer


class VisitInfo(Marks, frozen=True, kw_only=True, rename=NAMES):
    encounter_number: Identifier
    person_number: Identifier
    care_type: Identifier
    begins_at: WireTime
    disease_code: Identifier = ""
    disease_name: Text = ""


class VisitInfoInput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    visit: VisitInfo
    diagnoses: list[DiagnosisRow] = []


class Admission(Marks, frozen=True, kw_only=True, rename=NAMES):
    person_number: Identifier
    insurance_code: Identifier
    begins_at: WireTime
    credential_kind: Identifier
    care_type: Identifier
    stay_serial: Identifier
    credential_number: Text = ""
    person_name: Text = ""
    certificate_number: Identifier = ""
    doctor_no: Text = ""
    chief_doctor_name: Text = ""
    admission_diagnosis: LongText = ""
    admission_department_code: Text = ""
    admission_department_name: Text = ""
    bed: Text = ""
    main_diagnosis_code: Identifier = ""
    main_diagnosis_name: Text = ""
    disease_code: Identifier = ""
    disease_name: Text = ""
    delivery_code: Identifier = ""


class AdmissionInput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    visit: Admission
    diagnoses: list[DiagnosisRow] = []


class AdmissionAnswer(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    encounter_number: str


class AdmissionOutput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES | {"answer": "result"}):
    answer: AdmissionAnswer


class Discharge(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    encounter_number: Identifier
    person_number: Identifier
    ends_at: WireDay
    discharge_way: Identifier = ""
    delivery_code: Identifier = ""


class DischargeInput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    discharge: Discharge
    diagnoses: list[DiagnosisRow] = []


class Visit(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    encounter_number: Identifier
    person_number: Identifier


class VisitInput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    """2202, 2404 and 2405 name one visit."""

    data: Visit
