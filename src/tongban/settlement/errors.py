"""What settlement refuses. A cashier reads the sentence aloud to the patient, so it says what to do next."""

from tongban.kernel.errors import Conflict, NotFound, Refusal


class PersonUnknown(NotFound):
    code = "settlement_person_unknown"


class EncounterNotFound(NotFound):
    code = "settlement_encounter_not_found"


class SettlementNotFound(NotFound):
    code = "settlement_not_found"


class EnrollmentRefused(Refusal):
    """Not insured on that day, under that insurance, or in that region."""

    code = "settlement_enrollment_refused"


class PaymentStopped(EnrollmentRefused):
    code = "settlement_payment_stopped"


class InstitutionRefused(Refusal):
    """Unknown, or not connected for this kind of care."""

    code = "settlement_institution_refused"


class ThirdPartyPays(Refusal):
    code = "settlement_third_party"


class TraumaUnclear(Refusal):
    """An injury without the word whether somebody else is liable."""

    code = "settlement_trauma_unclear"


class DateRefused(Refusal):
    code = "settlement_date_refused"


class EncounterClosed(Conflict):
    """Settled or voided: nothing may change in it any more."""

    code = "settlement_encounter_closed"


class HospitalSerialReused(Conflict):
    """The hospital's own number already names another visit."""

    code = "settlement_hospital_serial_reused"


class LineRefused(Refusal):
    """One charge line is wrong; the whole upload is refused. `line_serial` names it."""

    code = "settlement_line_refused"

    def __init__(self, sentence: str, *, line_serial: str) -> None:
        super().__init__(sentence)
        self.line_serial = line_serial


class ItemUnknown(LineRefused):
    code = "settlement_item_unknown"


class LineTotalWrong(LineRefused):
    code = "settlement_line_total_wrong"


class LineChanged(LineRefused):
    """The serial is known with other contents."""

    code = "settlement_line_changed"


class ReturnRefused(LineRefused):
    code = "settlement_return_refused"


class NotABirth(Refusal):
    """How a child was born was told of a stay that is not registered as one for giving birth."""

    code = "settlement_not_a_birth"


class DeliveryUntold(Refusal):
    """A stay for giving birth is paid by how the child was born, and the hospital has not said."""

    code = "settlement_delivery_untold"


class AmountMismatch(Refusal):
    """What the hospital holds differs from the lines it uploaded."""

    code = "settlement_amount_mismatch"


class AlreadySettled(Conflict):
    """`number` is the settlement in force."""

    code = "settlement_already_settled"

    def __init__(self, sentence: str, *, number: str) -> None:
        super().__init__(sentence)
        self.number = number


class StayReimbursed(Conflict):
    """The agency has paid the person back for this stay."""

    code = "settlement_stay_reimbursed"


class StaySettled(Conflict):
    """The stay was settled at the hospital, or reimbursed before."""

    code = "settlement_stay_settled"


class SettlementCancelled(Conflict):
    """The message settled once, and that settlement has been cancelled since: its answer is true no more."""

    code = "settlement_cancelled"


class FilingNeeded(Refusal):
    """This care has to be filed first, and no filing covers it."""

    code = "settlement_filing_needed"


class MessageReused(Conflict):
    """The message id is known with other contents."""

    code = "settlement_message_reused"


class MessageReversed(Conflict):
    """The message was withdrawn; whatever it asks for needs a new id."""

    code = "settlement_message_reversed"


class DiseaseUntold(Refusal):
    """Care for a chronic disease, and the hospital has not said which."""

    code = "settlement_disease_untold"


class NotRecognised(Refusal):
    """The disease is not recognised for the person on that day under that insurance."""

    code = "settlement_not_recognised"


class InstitutionNotChosen(Refusal):
    """The insured pool settles the disease only at the institutions chosen for it."""

    code = "settlement_institution_not_chosen"


class DiseaseNotDirect(Refusal):
    """The law says that this disease is not settled directly there."""

    code = "settlement_disease_not_direct"


class Undetermined(Refusal):
    """The law holds no value for this case; nothing was written. `ask` is whom to ask, `missing` what is missing,
    `reason` what is not known, by itself."""

    code = "settlement_undetermined"

    def __init__(self, sentence: str, *, ask: str = "", missing: tuple[str, ...] = (), reason: str = "") -> None:
        super().__init__(sentence)
        self.ask = ask
        self.reason = reason
        self.missing = missing


class ReversalRefused(Conflict):
    """What the message did can no longer be withdrawn by itself."""

    code = "settlement_reversal_refused"


class Busy(Conflict):
    """Others kept changing the same rows; nothing was written, the same message may be sent again."""

    code = "settlement_busy"
