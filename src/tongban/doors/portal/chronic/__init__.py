"""The pages about chronic diseases: applying, what became of it, what is recognised, and where it is settled."""

from tongban.doors.portal.chronic import flow, more, records, start, where

# Addresses with a fixed second part come before those of a draft.
route_handlers = [
    *start.route_handlers,
    *where.route_handlers,
    *records.route_handlers,
    *more.route_handlers,
    *flow.route_handlers,
]
