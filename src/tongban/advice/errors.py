"""What cannot be advised on, and what to do instead."""

from tongban.kernel.errors import Refusal


class PlaceUnknown(Refusal):
    code = "place_unknown"


class PlaceNotGiven(Refusal):
    code = "place_not_given"


class BillRefused(Refusal):
    code = "bill_refused"


class NothingToCompare(Refusal):
    """Care whose costs are not shared by stay or visit."""

    code = "nothing_to_compare"
