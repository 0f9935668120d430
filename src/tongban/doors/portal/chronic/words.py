"""What the pages about chronic diseases have in common."""

from datetime import date

from tongban.chronic import Application, ApplicationState, Certification, ValidityBasis
from tongban.kernel.dates import zh_date

# The colour beside a state; the word says the same.
TAG = {
    ApplicationState.IN_REVIEW: "go",
    ApplicationState.MATERIALS_DUE: "bad",
    ApplicationState.RECOGNISED: "ok",
    ApplicationState.REFUSED: "bad",
    ApplicationState.WITHDRAWN: "",
}

CHANNEL_ZH = {"portal": "网上", "review": "经办机构", "window": "窗口", "gateway": "医院系统"}


def validity_zh(certification: Certification) -> str:
    """2026年11月22日起，到 2028年11月21日."""
    since = zh_date(certification.valid_from)
    if certification.valid_to is not None:
        return f"{since} 起，到 {zh_date(certification.valid_to)}"
    known = "没有查到期限" if certification.valid_to_basis is ValidityBasis.UNKNOWN else "长期有效"
    return f"{since} 起，{known}"


def certification_tag(certification: Certification, today: date) -> tuple[str, str]:
    """The state word and its colour."""
    note = certification.note_zh(today)
    return (note or "有效", "" if note else "ok")


def certified_line(certification: Certification, today: date) -> tuple[str, str, str, str, str]:
    """A row of a list: the disease, its page, the state word and its colour, and from when to when."""
    word, tag = certification_tag(certification, today)
    page = f"/chronic/mine/{certification.certification_serial}"
    return (certification.wanted.zh, page, word, tag, validity_zh(certification))


def title_zh(application: Application) -> str:
    """What an application is about, without its number."""
    return f"{application.diseases_zh}（{application.purpose.zh}）"
