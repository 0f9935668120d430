"""The words of messages 消息: what a person was told, and how it went out of the house."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tongban.kernel.vocabulary import Word


class NoticeKind(Word):
    """What a message is about. A kind decides what an SMS may name; see `notices.texts`."""

    FILING = "filing", "备案"
    SETTLEMENT = "settlement", "结算"
    MUTUAL_AID = "mutual_aid", "家庭共济"
    CHRONIC = "chronic", "门诊慢特病"
    CLAIM = "claim", "报销"
    MATERIALS = "materials", "材料"
    FAMILY = "family", "家人"
    ACCOUNT = "account", "账户"
    JOURNEY = "journey", "一件事"
    REMINDER = "reminder", "提醒"


class Channel(Word):
    SMS = "sms", "短信"
    WECHAT = "wechat", "微信"


class DeliveryState(Word):
    QUEUED = "queued", "等着发"
    SENT = "sent", "已发出"
    FAILED = "failed", "没发成"


@dataclass(frozen=True, slots=True)
class Notice:
    """`link` is a path of the portal, or empty. `read_at` None: not read yet."""

    person_id: int
    notice_no: int
    kind: NoticeKind
    subject: str
    title: str
    body: str
    link: str
    created_at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice on its way through one channel. `ref` stays the same at every attempt."""

    person_id: int
    notice_no: int
    channel: Channel
    kind: NoticeKind
    title: str
    link: str
    ref: UUID
    attempts: int
