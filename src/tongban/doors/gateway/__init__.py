"""The hospital's door: the national transactions of designated institutions, signed, idempotent, one envelope."""

from tongban.doors.gateway.door import call_hsa, call_service
from tongban.doors.gateway.store import SECRET_CONTEXT, put_client

route_handlers = [call_service, call_hsa]

__all__ = ["route_handlers", "put_client", "SECRET_CONTEXT"]
