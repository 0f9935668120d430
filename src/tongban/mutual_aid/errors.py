"""What family mutual aid refuses."""

from tongban.kernel.errors import Conflict, NotFound, Refusal


class GiverRefused(Refusal):
    """Who asks has no account that may be shared."""

    code = "mutual_aid_giver_refused"


class ReceiverRefused(Refusal):
    """No relative of the kinds the law names, or not insured."""

    code = "mutual_aid_receiver_refused"


class LimitRefused(Refusal):
    code = "mutual_aid_limit_refused"


class AidUndetermined(Refusal):
    """No source says whether or how; `ask` is whom to ask."""

    code = "mutual_aid_undetermined"

    def __init__(self, sentence: str, *, ask: str = "", field: str | None = None) -> None:
        super().__init__(sentence, field=field)
        self.ask = ask


class AlreadyGiven(Conflict):
    """There is an authorisation in force for the same relative; `number` names it."""

    code = "mutual_aid_already_given"

    def __init__(self, sentence: str, *, number: str) -> None:
        super().__init__(sentence, field="receiver")
        self.number = number


class GrantNotFound(NotFound):
    code = "mutual_aid_not_found"


class GrantEnded(Conflict):
    code = "mutual_aid_ended"


class OrderChanged(Conflict):
    """The authorisers are not those the order was made from."""

    code = "mutual_aid_order_changed"


class PremiumRefused(Refusal):
    code = "mutual_aid_premium_refused"


class PremiumPaid(Conflict):
    """That year's premium is paid, or on its way."""

    code = "mutual_aid_premium_paid"


class TaxOfficeUnreachable(Refusal):
    """The tax office did not answer; nothing is lost, what was taken stays marked as on its way."""

    code = "mutual_aid_tax_office_unreachable"
    status = 503
