"""A payment's process is killed at each of its three steps: whoever goes on afterwards pays once, never twice."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from settlement_kit import Hospital

from claims_kit import CASHIER, Desk
from tongban import account, reimbursement
from tongban.reimbursement import ClaimState, RecordedBank

pytestmark = pytest.mark.faults

# Pays one claim, and dies where it is told to: before the bank is asked, after it has paid, or never.
_CASHIER = """
import asyncio, os, signal, sys
from datetime import datetime
from pathlib import Path
from tongban.infra.crypto import Vault
from tongban.infra.db import connected
from tongban.agency import Operator
from tongban.reimbursement import RecordedBank, pay

url, folder, number, dies, now = sys.argv[1:]

class DyingBank(RecordedBank):
    async def order(self, order):
        if dies == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = await super().order(order)
        if dies == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

async def main():
    vault = Vault({1: bytes(range(32))}, bytes(range(32, 64)))
    async with connected(url) as db:
        await pay(db, vault, DyingBank(Path(folder)), operator=Operator("killed", frozenset({"140100"})),
                  number=number, now=datetime.fromisoformat(now))

asyncio.run(main())
"""


@pytest.mark.parametrize("dies", ["before", "after"])
async def test_killed_while_paying(
    desk: Desk, hospital: Hospital, father: int, database_url: str, tmp_path: Path, dies: str
) -> None:
    claim = await desk.claim(father)
    computed = await desk.compute(claim)
    folder = tmp_path / "bank"
    command = [sys.executable, "-c", _CASHIER, database_url, str(folder), claim.number]
    killed = subprocess.run([*command, dies, desk.now.isoformat()], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    detail = await reimbursement.look(desk.db, desk.vault, operator=CASHIER, number=claim.number, now=desk.now)
    assert (detail.claim.state, detail.payments[0].state.value) == (ClaimState.COMPUTED, "ordered")
    bank = RecordedBank(folder)
    assert len(bank.orders()) == (1 if dies == "after" else 0)
    for _ in range(2):
        paid = await reimbursement.pay(desk.db, desk.vault, bank, operator=CASHIER, number=claim.number, now=desk.now)
        assert paid.state is ClaimState.PAID
    assert [order["amount_fen"] for order in bank.orders()] == [computed.payout_fen]
    assert [entry.what.value for entry in await account.ledger_of(desk.db, father)] == ["settlement", "payout"]
