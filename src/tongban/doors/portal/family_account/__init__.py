"""The pages about sharing a personal account: giving, what was given, what one may use, and premiums."""

from tongban.doors.portal.family_account import flow, given, premium, received, start

# Addresses with a fixed second part come before those of a draft.
route_handlers = [
    *start.route_handlers,
    *given.route_handlers,
    *premium.route_handlers,
    *received.route_handlers,
    *flow.route_handlers,
]
