"""What messages refuse."""

from tongban.kernel.errors import NotFound


class NoticeNotFound(NotFound):
    code = "notice_not_found"
