"""What leaves the house: short, and nothing in it that a stranger who sees the screen should not know.

No names, amounts, hospitals or diseases. 门诊慢特病 itself tells that somebody is ill, so those messages, too, only say
that there is something to read.
"""

from collections.abc import Mapping
from types import MappingProxyType

from tongban.notices.model import NoticeKind

_SIGN = "【山西医保】"
_DEFAULT = "您办的事有新消息，请到“通办”的“消息”里看。"

SMS_TEXTS: Mapping[NoticeKind, str] = MappingProxyType(
    {
        NoticeKind.FILING: "您的异地就医备案有新进展，请到“通办”的“消息”里看。",
        NoticeKind.SETTLEMENT: "您有一笔医保结算，请到“通办”的“消息”里看。不是您本人看病的，请打 12393。",
        NoticeKind.MUTUAL_AID: "您的家庭共济有变动，请到“通办”的“消息”里看。不是您本人办的，请打 12393。",
        NoticeKind.CLAIM: "您申请的报销有新进展，请到“通办”的“消息”里看。",
        NoticeKind.FAMILY: "有家人和您的医保绑定了关系，请到“通办”的“消息”里看。不是您同意的，请打 12393。",
        NoticeKind.REMINDER: "您办的事快到期了，请到“通办”的“消息”里看。",
    }
)


def sms_text(kind: NoticeKind) -> str:
    """The whole SMS, at most two parts of 67 characters."""
    return _SIGN + SMS_TEXTS.get(kind, _DEFAULT)


def wechat_text(kind: NoticeKind) -> str:
    """The one line that WeChat's template shows: 20 characters at most."""
    return "办的事有新消息，点开看" if kind is NoticeKind.CHRONIC else f"{kind.zh}有新消息，点开看"
