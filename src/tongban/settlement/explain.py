"""Why: a stored settlement told step by step, from the record it keeps, never computed again."""

from dataclasses import dataclass

from tongban import law
from tongban.kernel.identifiers import FILING, OutsideNumber
from tongban.kernel.money import yuan
from tongban.kernel.vocabulary import CareKind, Confidence
from tongban.law import Pack, Step
from tongban.settlement.model import Settled, SettlementWay


@dataclass(frozen=True, slots=True)
class Explanation:
    """`steps` add up: what the law says of the bill, then how the person's own part was paid.

    `notice` is to be shown with the result whenever a value that is not official took part; empty otherwise.
    """

    settled: Settled
    steps: tuple[Step, ...]
    confidence: Confidence
    notice: str


def explain(pack: Pack, settled: Settled) -> Explanation:
    """The working of a settlement (or of a preview). `pack` gives the words and sources, not the numbers."""
    steps = (*_filing_steps(settled), *law.steps(pack, settled.assessment), *_payment_steps(settled))
    return Explanation(settled, steps, settled.confidence, _notice(settled.confidence))


def _filing_steps(settled: Settled) -> list[Step]:
    if settled.filing_serial is None:
        return []
    number = OutsideNumber(FILING, settled.person_id, settled.filing_serial)
    sentence = f"看病那天有效的备案里，这一条对您最有利，所以按它算。备案号 {number}。"
    return [_note("filing_serial", "按哪一条备案算", "为什么按这一条？", sentence)]


def _payment_steps(settled: Settled) -> list[Step]:
    """How the own part was paid: left out when it is nothing."""
    if settled.person_share_fen == 0:
        return []
    steps: list[Step] = []
    if settled.account_fen:
        left = "" if settled.balance_after_fen is None else f"付完以后账户还剩 {yuan(settled.balance_after_fen)} 元。"
        steps.append(
            _amount(
                "account_fen",
                "个人账户付",
                f"− {yuan(settled.account_fen)}",
                "minus",
                question="个人账户为什么付这么多？",
                sentence=f"您自己付的部分，先用个人账户里的钱，最多用到余额。{left}",
            )
        )
    if settled.mutual_aid_fen:
        steps.append(
            _amount(
                "mutual_aid_fen",
                "家人的个人账户帮付",
                f"− {yuan(settled.mutual_aid_fen)}",
                "minus",
                question="家人的账户为什么付这么多？",
                sentence="您自己的账户不够的部分，由授权给您的家人帮付。按您排的先后，最多付到授权的金额和余额。"
                "医保报的钱不变。",
            )
        )
    if settled.way is SettlementWay.MANUAL:
        return [
            _amount(
                "cash_fen",
                "自己付的，已经付给医院",
                yuan(settled.cash_fen),
                "result",
                question="这部分去哪里付？",
                sentence="住院的钱您已经全部付给医院了，不用再付。能报的钱打到您填的银行卡。",
            )
        ]
    where = "药店" if settled.care_kind is CareKind.PHARMACY else "医院"
    taken = [yuan(fen) for fen in (settled.account_fen, settled.mutual_aid_fen) if fen]
    formula = " − ".join([yuan(settled.person_share_fen), *taken]) if taken else ""
    steps.append(_amount("cash_fen", f"在{where}付现金", yuan(settled.cash_fen), "result", formula=formula))
    return steps


def _notice(confidence: Confidence) -> str:
    if confidence is Confidence.OFFICIAL:
        return ""
    if confidence is Confidence.SECONDARY:
        return "这笔结算用到的有些数字来自二手资料，还没有和官方文件核对。"
    return "这笔结算用到的有些数字只是示例，没有来源，不能当作真实待遇。"


def _amount(
    field: str, label: str, amount_text: str, effect: str, *, formula: str = "", question: str = "", sentence: str = ""
) -> Step:
    return Step(field, label, amount_text, effect, formula, question, sentence, (), Confidence.OFFICIAL)


def _note(field: str, label: str, question: str, sentence: str, confidence: Confidence = Confidence.OFFICIAL) -> Step:
    return Step(field, label, "", "note", "", question, sentence, (), confidence)
