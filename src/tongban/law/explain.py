"""The reason for every amount, told from the stored record: nothing is computed again, only put into words."""

from collections.abc import Mapping
from typing import Any

from tongban.kernel.money import yuan
from tongban.kernel.vocabulary import Confidence
from tongban.law.explaining.lines import kind_of
from tongban.law.explaining.view import View
from tongban.law.model import Step
from tongban.law.pack import Pack


def steps(pack: Pack, record: Mapping[str, Any]) -> list[Step]:
    """The working of a stored assessment, in order. Steps whose condition does not hold are left out.

    An undetermined record yields the bill's total and one note that says why there is no amount.
    """
    if record["breakdown"] is None:
        return _undetermined_steps(record)
    view = View(record)
    return kind_of(pack, view).tell(pack, view)


def _undetermined_steps(record: Mapping[str, Any]) -> list[Step]:
    why, total_fen = record["undetermined"], record["case"]["total_fen"]
    total = Step("total_fen", "总费用", yuan(total_fen), "base", "", "", "", (), Confidence.OFFICIAL)
    note = Step(
        "undetermined",
        "这笔现在算不出来",
        "",
        "note",
        "",
        "为什么算不出来？",
        f"{why['reason']}请问{why['ask']}。",
        (),
        Confidence.ILLUSTRATIVE,
    )
    return [total, note]
