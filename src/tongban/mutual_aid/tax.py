"""The tax office, which says what a resident's premium comes to and takes it.

Premiums are collected by the tax office, not by the insurance agency: what somebody owes (after what the state pays for
them) stands on its bill alone. No rule here knows an amount; without a bill there is nothing to pay.
"""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from tongban.infra.clock import Clock, day_of
from tongban.kernel.money import Fen
from tongban.people import Person
from tongban.settings import Settings


class PremiumBill(NamedTuple):
    """One person's open bill for one insurance year."""

    bill_number: str
    insurance_year: int
    amount_fen: Fen


class TaxReceipt(NamedTuple):
    receipt_number: str


class TaxRefusal(NamedTuple):
    """`sentence` says why, in plain Chinese."""

    sentence: str


class TaxOffice(Protocol):
    """Raises TaxOfficeUnreachable when it does not answer."""

    async def open_bills(self, insured: Person, pool_code: str) -> list[PremiumBill]:
        """What that person still owes, oldest year first; empty when nothing."""

    async def pay(self, bill_number: str, amount_fen: Fen, reference: str) -> TaxReceipt | TaxRefusal:
        """Pay a bill whole. The same `reference` again has the same answer and pays nothing more."""


_COLLECTING_FROM_MONTH = 9
_MADE_UP_FEN: Fen = 400_00


@dataclass(frozen=True, slots=True)
class RecordedTaxOffice:
    """A stand-in for demos and tests. It is no tax office, no amount of it is law, and nothing leaves the house.

    Every resident owes one made-up amount: in autumn for the year to come, before for this one. Who has paid is not
    remembered here. What it is told to take is written to `path`, one JSON object a line.
    """

    path: Path
    clock: Clock
    amount_fen: Fen = _MADE_UP_FEN

    async def open_bills(self, insured: Person, pool_code: str) -> list[PremiumBill]:
        today = day_of(self.clock())
        year = today.year + (today.month >= _COLLECTING_FROM_MONTH)
        return [PremiumBill(f"演示{pool_code}{year}", year, self.amount_fen)]

    async def pay(self, bill_number: str, amount_fen: Fen, reference: str) -> TaxReceipt | TaxRefusal:
        line = {
            "at": self.clock().isoformat(),
            "bill": bill_number,
            "fen": amount_fen,
            "ref": reference,
            "is_stand_in": True,
        }
        await asyncio.to_thread(self._write, json.dumps(line, ensure_ascii=False))
        if amount_fen != self.amount_fen:
            return TaxRefusal("交的钱和账单不一样，税务部门没有收")
        return TaxReceipt(f"演示{reference[1:]}")

    def _write(self, line: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch(mode=0o600, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as out:
            out.write(line + "\n")


def tax_office_for(settings: Settings, clock: Clock) -> TaxOffice | None:
    """The stand-in in a demo; elsewhere None until somebody connects one: no interface of a tax office is published."""
    return RecordedTaxOffice(settings.var_dir / "outbox" / "tax.jsonl", clock) if settings.is_demo else None
