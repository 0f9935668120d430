"""The hospital's door: the national transactions of designated institutions, signed, idempotent, one envelope."""

from tongban.doors.gateway.accounts import open_account
from tongban.doors.gateway.door import call_hsa, call_service

route_handlers = [call_service, call_hsa]

__all__ = ["route_handlers", "open_account"]
