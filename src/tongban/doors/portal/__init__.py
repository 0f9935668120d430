"""The citizens' door: server-rendered pages for phones that work without JavaScript."""

from collections.abc import Sequence

from litestar.types import ControllerRouterHandler

from tongban.doors.portal import (
    assets,
    checks,
    chronic,
    code,
    costs,
    estimate,
    family,
    family_account,
    filing,
    find,
    held,
    home,
    inbox,
    journey,
    look,
    papers,
    places,
    reimbursement,
    signin,
    texts,
)
from tongban.doors.portal.assets import Assets
from tongban.doors.portal.errors import answer
from tongban.doors.portal.oidc import client_for as oidc_client
from tongban.doors.portal.who import WHO, who_may_call

route_handlers: Sequence[ControllerRouterHandler] = [
    *assets.route_handlers,
    *home.route_handlers,
    *look.route_handlers,
    *find.route_handlers,
    *journey.route_handlers,
    *papers.route_handlers,
    *inbox.route_handlers,
    *checks.route_handlers,
    *signin.route_handlers,
    *held.route_handlers,
    *family.route_handlers,
    *family_account.route_handlers,
    *code.route_handlers,
    *places.route_handlers,
    *costs.route_handlers,
    *estimate.route_handlers,
    *filing.route_handlers,
    *chronic.route_handlers,
    *reimbursement.route_handlers,
    *texts.route_handlers,
]

__all__ = ["WHO", "Assets", "answer", "oidc_client", "route_handlers", "who_may_call"]
