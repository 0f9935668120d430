"""What a claim can be refused for. Each sentence says what to do next."""

from tongban.kernel.errors import Conflict, NotAllowed, NotFound, Refusal


class ClaimNotFound(NotFound):
    code = "claim_not_found"


class AnswerMissing(Refusal):
    """A field of a page that is not, or not rightly, filled in."""

    code = "claim_answer_missing"


class NotClaimable(Refusal):
    """Not here: `route` sentences of the law say where instead."""

    code = "claim_not_claimable"


class StaySettledAlready(NotClaimable):
    """Settled at the hospital, or reimbursed before. `number` is that settlement."""

    code = "claim_stay_settled"

    def __init__(self, sentence: str, *, number: str, field: str | None = None) -> None:
        super().__init__(sentence, field=field)
        self.number = number


class StayClaimed(Conflict):
    """Another claim for days of the same stay is under way or paid."""

    code = "claim_stay_claimed"


class InvoiceUsed(Conflict):
    """The invoice stands in another claim somewhere in the province."""

    code = "claim_invoice_used"


class ClaimClosed(Conflict):
    """In this state nothing of the kind can be done any more."""

    code = "claim_closed"


class FourEyes(NotAllowed):
    """From a limit up, whoever computed a claim does not pay it."""

    code = "claim_four_eyes"


class FindingWrong(Refusal):
    """What a reviewer gave does not fit the claim."""

    code = "claim_finding_wrong"


class NothingToPay(Conflict):
    code = "claim_nothing_to_pay"


class PaidTwice(Conflict):
    """A second payment is to be written down for money that has left already."""

    code = "claim_paid_twice"


class BankSilent(Conflict):
    """The bank gave no answer: nobody knows yet whether the money left. Asking again is safe."""

    code = "claim_bank_silent"


class NoBank(Refusal):
    """No bank is connected."""

    code = "claim_no_bank"
