"""The citizens' door: server-rendered pages for phones that work without JavaScript."""

from collections.abc import Sequence

from litestar.types import ControllerRouterHandler

from tongban.doors.portal import assets, home, look, texts
from tongban.doors.portal.assets import Assets
from tongban.doors.portal.errors import answer
from tongban.doors.portal.who import WHO, who_may_call

route_handlers: Sequence[ControllerRouterHandler] = [
    *assets.route_handlers,
    *home.route_handlers,
    *look.route_handlers,
    *texts.route_handlers,
]

__all__ = ["WHO", "Assets", "answer", "route_handlers", "who_may_call"]
