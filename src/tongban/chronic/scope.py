"""Which applications an operator may see, and whose turn it is."""

from tongban.agency import Operator, in_scope
from tongban.chronic import store
from tongban.chronic.errors import AlreadyDecided, ApplicationWithdrawn, NotAccepted, WaitsForMaterials
from tongban.chronic.model import Application, ApplicationState
from tongban.chronic.records import find_application, read_again
from tongban.infra.db import Db


async def seen_by(db: Db, operator: Operator, number: str) -> Application:
    """Raises CaseNotFound for one of another pool, as for none."""
    return in_scope(operator, await find_application(db, number))


async def locked_for(db: Db, operator: Operator, number: str) -> Application:
    """The application, with the person's row held until the transaction ends. Raises CaseNotFound."""
    application = await seen_by(db, operator, number)
    await store.lock_person(db, application.person_id)
    return await read_again(db, application)


async def taken_by(db: Db, operator: Operator, number: str) -> Application:
    """Locked, undecided, this operator's, and the agency's turn.

    Raises CaseNotFound, AlreadyDecided, ApplicationWithdrawn, WaitsForMaterials, NotAccepted.
    """
    application = await locked_for(db, operator, number)
    require_open(application)
    if application.state is ApplicationState.MATERIALS_DUE:
        raise WaitsForMaterials(f"申请 {application.number} 正在等申请人补材料，补来了才能接着办")
    if not application.accepted_by:
        raise NotAccepted(f"申请 {application.number} 还没有人受理，请先受理")
    if application.accepted_by != operator.name:
        raise NotAccepted(f"申请 {application.number} 由{application.accepted_by}受理，请找他交接，或者您接手")
    return application


def require_open(application: Application) -> None:
    """Raises AlreadyDecided or ApplicationWithdrawn."""
    if application.state is ApplicationState.WITHDRAWN:
        raise ApplicationWithdrawn(f"申请 {application.number} 已经由申请人撤回，不用再办")
    if application.state.is_final:
        raise AlreadyDecided(
            f"申请 {application.number} 已经由{application.decided_by}办结：{application.state.zh}，不能再改"
        )
