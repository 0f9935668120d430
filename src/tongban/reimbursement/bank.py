"""The bank, seen from here: an order to pay under a key of ours, and asking what became of it.

A real bank's adapter implements `Bank`. What ships with the product is `RecordedBank`, a double that moves no money: it
writes every order to a file and says it was paid.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

from tongban.kernel.money import Fen
from tongban.kernel.vocabulary import Word


class BankState(Word):
    ACCEPTED = "accepted", "银行收下了，正在办"
    PAID = "paid", "已到账"
    RETURNED = "returned", "退回了"


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """`key` names the order for ever: the bank executes one key once, whatever is sent under it again."""

    key: str
    amount_fen: Fen
    payer_pool: str
    holder_name: str
    bank: str
    card_number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BankAnswer:
    state: BankState
    reference: str  # the bank's own number of it
    reason: str = ""  # why it was returned


class BankUnreachable(Exception):
    """No answer came: whether the order arrived is not known."""


class Bank(Protocol):
    async def order(self, order: PaymentOrder) -> BankAnswer:
        """Pay once. The same key again is answered as the first time. Raises BankUnreachable."""
        ...

    async def query(self, key: str) -> BankAnswer | None:
        """What became of an order; None: the bank never got it. Raises BankUnreachable."""
        ...


class RecordedBank:
    """A stand-in for a bank, for the demo and for tests: NO MONEY MOVES.

    Each order is one file in `folder`, linked into place whole, so that it keeps its promise (one key, once) over
    processes and over being killed. Orders are paid at once; card numbers are not written down whole.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def order(self, order: PaymentOrder) -> BankAnswer:
        self._folder.mkdir(parents=True, exist_ok=True)
        answer = BankAnswer(BankState.PAID, f"DOUBLE-{order.key}")
        known = {
            "note": "替身：没有真的付钱",
            "order": {**asdict(order), "card_number": f"*{order.card_number[-4:]}"},
            "answer": {"state": answer.state.value, "reference": answer.reference},
        }
        draft = self._folder / f".{order.key}.{os.getpid()}.{os.urandom(4).hex()}"
        draft.write_text(json.dumps(known, ensure_ascii=False, indent=2), encoding="utf-8")
        try:
            os.link(draft, self._file(order.key))
        except FileExistsError:
            first = await self.query(order.key)
            assert first is not None
            return first
        finally:
            draft.unlink()
        return answer

    async def query(self, key: str) -> BankAnswer | None:
        try:
            known = json.loads(self._file(key).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return BankAnswer(BankState(known["answer"]["state"]), known["answer"]["reference"])

    def orders(self) -> list[dict[str, object]]:
        """Everything ordered so far, for whoever checks the double."""
        return [json.loads(file.read_text(encoding="utf-8"))["order"] for file in sorted(self._folder.glob("R*.json"))]

    def _file(self, key: str) -> Path:
        return self._folder / f"{key}.json"
