"""A message asks once: the same again is answered as before, anything else under its id is refused."""

from tongban.settlement.errors import MessageReused, MessageReversed

REVERSED = "reversed"


def require_same_message(state: str, known_hash: bytes | None, request_hash: bytes) -> None:
    """Raises MessageReversed for a withdrawn message, MessageReused for other contents under its id."""
    if state == REVERSED:
        raise MessageReversed("这条报文已经冲正，不再受理；要重新办理请换一个新的报文号")
    if known_hash != request_hash:
        raise MessageReused("报文号重复但内容不同，没有受理；请换一个新的报文号重发")
