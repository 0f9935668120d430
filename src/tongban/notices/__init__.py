"""Messages 消息: the inbox, SMS and WeChat. Everything others may use is listed here."""

from tongban.notices.errors import NoticeNotFound
from tongban.notices.messengers import (
    HttpSms,
    Messenger,
    Never,
    NotNow,
    ProviderReceipt,
    Recorded,
    WechatTemplate,
    messengers_for,
    outbox_of,
)
from tongban.notices.model import Channel, Delivery, DeliveryState, Notice, NoticeKind
from tongban.notices.sending import TRIES_MAX, QuietHours, Sender, deliver
from tongban.notices.service import (
    DELIVER,
    deliveries,
    inbox,
    look_through,
    looked_through,
    mark_all_read,
    mark_read,
    post,
    resume_deliveries,
    told_about,
    unread,
)
from tongban.notices.texts import sms_text, wechat_text
from tongban.notices.wechat import Wechat, allow_wechat, bind_wechat, stop_wechat, wechat_of

__all__ = [
    "Notice",
    "NoticeKind",
    "Channel",
    "Delivery",
    "DeliveryState",
    "post",
    "inbox",
    "told_about",
    "unread",
    "mark_read",
    "mark_all_read",
    "looked_through",
    "look_through",
    "DELIVER",
    "Sender",
    "QuietHours",
    "TRIES_MAX",
    "deliver",
    "deliveries",
    "resume_deliveries",
    "Wechat",
    "wechat_of",
    "bind_wechat",
    "stop_wechat",
    "allow_wechat",
    "sms_text",
    "wechat_text",
    "Messenger",
    "ProviderReceipt",
    "NotNow",
    "Never",
    "HttpSms",
    "WechatTemplate",
    "Recorded",
    "messengers_for",
    "outbox_of",
    "NoticeNotFound",
]
