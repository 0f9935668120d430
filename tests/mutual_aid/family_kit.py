"""Families in the small country of `settlement_kit`: people bound to each other, who give and use."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from settlement_kit import NOW, TAIYUAN, Insured, Town, book_of, check_books

from tongban import account, mutual_aid, settlement
from tongban.directory import Regions
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.identifiers import id_check_character
from tongban.kernel.vocabulary import Relation
from tongban.law import Pack
from tongban.mutual_aid import Grant
from tongban.people import SEEN_FROM_THE_OTHER_SIDE
from tongban.settlement import Settled, SettlementState
from tongban.signing import Signature, answers_hash

_numbers = itertools.count(1)


@dataclass
class Family:
    """Makes relatives, and does for them what they would do on the pages."""

    db: Db
    town: Town
    vault: Vault
    pack: Pack
    regions: Regions
    now: datetime = NOW

    def on(self, db: Db) -> "Family":
        return replace(self, db=db)

    def with_law(self, pack: Pack) -> "Family":
        return replace(self, pack=pack)

    async def employee(self, balance_fen: int = 100_000, pool: str = TAIYUAN, **changes: Any) -> Insured:
        return await self._named(await self.town.person(balance_fen=balance_fen, pool=pool, **changes))

    async def resident(self, pool: str = TAIYUAN, **changes: Any) -> Insured:
        return await self._named(await self.town.person("resident", "elder", pool, balance_fen=None, **changes))

    async def _named(self, person: Insured) -> Insured:
        number = f"14010519600101{next(_numbers) % 1000:03d}"
        await self.town.owner_db.execute(
            "update people.person set id_number_enc = $2 where person_id = $1",
            person.person_id,
            self.vault.seal(number + id_check_character(number), "person.id_number"),
        )
        return person

    async def bind(self, giver: Insured, receiver: Insured, relation: Relation = Relation.PARENT) -> None:
        """`relation` is what the receiver is to the giver."""
        await self.town.owner_db.executemany(
            "insert into people.kin (person_id, kin_id, relation, bound_at) values ($1, $2, $3, $4)",
            [
                (giver.person_id, receiver.person_id, relation, NOW),
                (receiver.person_id, giver.person_id, SEEN_FROM_THE_OTHER_SIDE[relation], NOW),
            ],
        )

    async def wish(self, giver: Insured, receiver: Insured, limit_fen: int, **changes: Any) -> mutual_aid.Wish:
        return await mutual_aid.check_wish(
            self.db,
            self.vault,
            self.pack,
            self.regions,
            giver_id=giver.person_id,
            receiver_id=receiver.person_id,
            limit_fen=limit_fen,
            now=self.now,
            **changes,
        )

    async def give(self, giver: Insured, receiver: Insured, limit_fen: int, **changes: Any) -> Grant:
        """Bound already; signed by typing the name."""
        wish = await self.wish(giver, receiver, limit_fen)
        signature = Signature(answers_hash(wish.commitment, wish.answers), typed_name=wish.giver_name)
        asked: dict[str, Any] = {"signature": signature, "submit_token": uuid4(), **changes}
        return await mutual_aid.open_grant(
            self.db,
            self.vault,
            self.pack,
            self.regions,
            giver_id=giver.person_id,
            receiver_id=receiver.person_id,
            limit_fen=limit_fen,
            channel="portal",
            now=self.now,
            **asked,
        )

    async def bound_and_given(
        self, giver: Insured, receiver: Insured, limit_fen: int, relation: Relation = Relation.PARENT
    ) -> Grant:
        await self.bind(giver, receiver, relation)
        return await self.give(giver, receiver, limit_fen)

    async def limit(self, grant: Grant, limit_fen: int) -> Grant:
        return await mutual_aid.change_limit(
            self.db,
            self.pack,
            giver_id=grant.giver_id,
            number=grant.number,
            limit_fen=limit_fen,
            channel="portal",
            now=self.now,
        )

    async def revoke(self, grant: Grant) -> Grant:
        return await mutual_aid.revoke(
            self.db, self.pack, giver_id=grant.giver_id, number=grant.number, channel="portal", now=self.now
        )

    async def rank(self, receiver: Insured, *grants: Grant) -> None:
        await mutual_aid.rank(
            self.db,
            receiver_id=receiver.person_id,
            numbers=[grant.number for grant in grants],
            channel="portal",
            now=self.now,
        )

    async def now_of(self, grant: Grant) -> Grant:
        return await mutual_aid.get_grant(self.db, grant.giver_id, grant.number)

    async def balance(self, person: Insured) -> account.Balance:
        found = await account.balance(self.db, person.person_id)
        assert found is not None
        return found


async def check_family(db: Db, people: Sequence[Insured], openings: dict[int, int]) -> None:
    """What must hold whatever happened: every account is its opening less what is in force, every book adds up, what
    is set apart is what is left of the quotas, and what was used is what bills in force and premiums say."""
    used: dict[tuple[int, int], int] = {}
    paid: dict[int, int] = {}
    between: dict[str, int] = {}
    for person in people:
        await check_books(db, person, opening_fen=None)
        for record in await settlement.settlements_of(db, person.person_id, limit=200):
            if record.state is not SettlementState.SETTLED:
                continue
            assert record.mutual_aid_fen == sum(share.paid_fen for share in record.mutual_aid)
            paid[person.person_id] = paid.get(person.person_id, 0) + record.account_fen
            for share in record.mutual_aid:
                key = (share.giver_id, share.grant_serial)
                used[key] = used.get(key, 0) + share.paid_fen
                paid[share.giver_id] = paid.get(share.giver_id, 0) + share.paid_fen
        for payment in await mutual_aid.premiums_of(db, person.person_id):
            if payment.person_id == person.person_id and payment.state is not mutual_aid.PremiumState.RETURNED:
                key = (payment.giver_id, payment.grant_serial)
                used[key] = used.get(key, 0) + payment.amount_fen
                paid[payment.giver_id] = paid.get(payment.giver_id, 0) + payment.amount_fen
    for person in people:
        balance = await account.balance(db, person.person_id)
        book = await book_of(db, person)
        if balance is not None:
            expected = openings[person.person_id] - paid.get(person.person_id, 0)
            assert balance.balance_fen == expected == book.get(f"personal:{person.person_id}", 0)
        grants = await mutual_aid.grants_by(db, person.person_id, now=NOW)
        assert (balance.reserved_fen if balance else 0) == sum(g.left_fen for g in grants if g.is_set_apart)
        for grant in grants:
            assert grant.used_fen == used.pop((grant.giver_id, grant.grant_serial), 0) == grant.used_this_year_fen
        for name, amount in book.items():
            if name.startswith("aid"):
                between[name] = between.get(name, 0) + amount
    assert used == {}
    assert (*(await account.check(db)).faults, *(await mutual_aid.check(db)).faults) == ()
    # Within a pool nothing is left between the books; across, what one region laid out the other has received.
    assert all(amount == 0 for name, amount in between.items() if name.startswith("aid:"))
    for name, amount in between.items():
        if name.startswith("aid_advance:"):
            assert between[name.replace("advance", "receivable")] == -amount


def aid_of(settled: Settled) -> dict[int, int]:
    """Giver → what that account paid."""
    return {share.giver_id: share.paid_fen for share in settled.mutual_aid}
