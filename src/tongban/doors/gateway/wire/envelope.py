"""Around every message: the envelope, its answer, signing on and off (9001, 9002), and 冲正 (2601)."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tongban.doors.gateway.wire.names import NAMES, Identifier, Text


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    transaction_code: Annotated[str, Meta(max_length=10)]
    message_id: Identifier
    treatment_region: Identifier
    institution_code: Identifier
    insured_region: Identifier = ""
    operator_no: Text = ""
    sign_on_number: Identifier = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    answer_code: int
    receiver_message_id: str
    received_at: str
    answered_at: str
    error_sentence: str
    notice: str
    output: Any


class SignOn(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    sign_on_operator: Identifier


class SignOnInput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    sign_on: SignOn


class SignOnAnswer(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    signed_at: str
    sign_on_number: str


class SignOnOutput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    sign_on_answer: SignOnAnswer


class SignOff(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    sign_on_number: Identifier
    sign_on_operator: Identifier = ""


class SignOffInput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    sign_off: SignOff


class SignOffAnswer(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    signed_at: str


class SignOffOutput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    """Sources disagree whether the time has a node: it stands in both places."""

    sign_off_answer: SignOffAnswer
    signed_at: str


class Reversal(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    person_number: Identifier
    original_message_id: Identifier
    original_transaction_code: Identifier


class ReversalInput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    data: Reversal
