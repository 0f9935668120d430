"""The open API: the law for other channels over JSON, with its OpenAPI description and a page for people."""

from tongban.doors.api import advice, law, page
from tongban.doors.api.openapi import description
from tongban.doors.api.operations import OPERATIONS

route_handlers = [*law.route_handlers, *advice.route_handlers, *page.route_handlers]

__all__ = ["OPERATIONS", "description", "route_handlers"]
