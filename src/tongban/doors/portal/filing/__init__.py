"""Pages of the filing 异地就医备案: is one needed, six steps, and the records."""

from collections.abc import Sequence

from litestar.types import ControllerRouterHandler

from tongban.doors.portal.filing import advice, flow, kin, printed, records, referral

route_handlers: Sequence[ControllerRouterHandler] = [
    *advice.route_handlers,
    *flow.route_handlers,
    *kin.route_handlers,
    *records.route_handlers,
    *printed.route_handlers,
    *referral.route_handlers,
]

__all__ = ["route_handlers"]
