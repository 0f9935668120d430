"""Pages of manual reimbursement 医疗费报销: can it be claimed here, seven steps, and what became of it."""

from collections.abc import Sequence

from litestar.types import ControllerRouterHandler

from tongban.doors.portal.reimbursement import begin, changes, flow, records

route_handlers: Sequence[ControllerRouterHandler] = [
    *begin.route_handlers,
    # Fixed second parts before the addresses of drafts.
    *records.route_handlers,
    *changes.route_handlers,
    *flow.route_handlers,
]

__all__ = ["route_handlers"]
