"""Messages 消息: the inbox, SMS and WeChat. Everything others may use is listed here."""

from tongban.notices.errors import NoticeNotFound
from tongban.notices.model import Channel, Delivery, DeliveryState, Notice, NoticeKind
from tongban.notices.service import DELIVER, inbox, mark_all_read, mark_read, post, unread

__all__ = [
    "Notice",
    "NoticeKind",
    "Channel",
    "Delivery",
    "DeliveryState",
    "post",
    "inbox",
    "unread",
    "mark_read",
    "mark_all_read",
    "DELIVER",
    "NoticeNotFound",
]
