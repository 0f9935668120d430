"""What every transaction is given, and the checks that several of them share."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple

import msgspec

from tongban.directory import Institution, Region, Regions, pool_of
from tongban.doors.gateway.errors import NodeInvalid, PersonNotFound, RegionMismatch, VisitMismatch
from tongban.doors.gateway.reading import Node
from tongban.doors.gateway.wire import Envelope
from tongban.infra import audit
from tongban.infra.clock import day_of
from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.kernel.identifiers import (
    ENCOUNTER,
    PERSON_NUMBER_LENGTH,
    SETTLEMENT,
    InvalidNumber,
    OutsideNumber,
    parse_outside_number,
)
from tongban.kernel.vocabulary import Locality
from tongban.law import Pack, locality

CHANNEL: Final = "gateway"


@dataclass(frozen=True, slots=True)
class Call:
    """One message on its way through: who sent it, when, and what is needed to answer it."""

    db: Db
    vault: Vault
    pack: Pack
    regions: Regions
    now: datetime
    message: Envelope
    institution: Institution
    request_hash: bytes

    @property
    def today(self) -> date:
        return day_of(self.now)

    @property
    def actor(self) -> str:
        return f"institution:{self.institution.institution_code}"

    def locality_of(self, insured_pool: str) -> Locality:
        """Where this institution lies, seen from the insured pool."""
        treatment_pool = self.institution.pool_code
        return locality(
            insured_pool,
            treatment_pool,
            self.regions.require(insured_pool).province_code,
            self.regions.require(treatment_pool).province_code,
        )

    async def looked_at(self, action: str, person_id: int, subject: str = "") -> None:
        """Every look at a person's data leaves a line."""
        await audit.record(
            self.db,
            now=self.now,
            actor=self.actor,
            channel=CHANNEL,
            action=action,
            person_id=person_id,
            subject=subject,
            detail={"transaction": self.message.transaction_code, "message": self.message.message_id},
        )


class Reply(NamedTuple):
    """An answer's output with a word to the cashier beside it (`warn_msg`); plain outputs have none."""

    output: msgspec.Struct
    notice: str


def hash_request(message: Envelope, nodes: Node) -> bytes:
    """What tells a repeated message from another one under the same number: where it is about, and its whole input."""
    told = [message.transaction_code, message.insured_region, message.treatment_region, nodes]
    return hashlib.sha256(msgspec.json.encode(told, order="deterministic")).digest()


def person_id_of(number: str) -> int:
    """`psn_no` is the person's number of fifteen digits, as 1101 answered it."""
    if len(number) != PERSON_NUMBER_LENGTH or not number.isascii() or not number.isdigit():
        raise PersonNotFound(f"人员编号 psn_no 是 {number[:30]}，应该是 1101 返回的 15 位数字，请先做 1101")
    return int(number)


def encounter_of(number: str, person_id: int) -> OutsideNumber:
    """`mdtrt_id`, checked to be this person's."""
    try:
        encounter = parse_outside_number(number, ENCOUNTER)
    except InvalidNumber:
        raise NodeInvalid(f"就诊编号 mdtrt_id 是 {number[:30]}，不是登记或入院时返回的编号，请核对") from None
    if encounter.person_id != person_id:
        raise VisitMismatch("就诊编号 mdtrt_id 和人员编号 psn_no 不是同一个人，请核对")
    return encounter


def settlement_of(number: str, person_id: int) -> OutsideNumber:
    """`setl_id`, checked to be this person's."""
    try:
        found = parse_outside_number(number, SETTLEMENT)
    except InvalidNumber:
        raise NodeInvalid(f"结算编号 setl_id 是 {number[:30]}，不是结算时返回的编号，请核对") from None
    if found.person_id != person_id:
        raise VisitMismatch("结算编号 setl_id 和人员编号 psn_no 不是同一个人，请核对")
    return found


def check_treatment_region(call: Call) -> None:
    """`mdtrtarea_admvs` must lie in the institution's own pooling region."""
    sent = call.message.treatment_region
    own = call.regions.get(call.institution.pool_code)
    named = pool_of(call.regions, sent)
    if own is not None and (named is None or named.pool_code != own.pool_code):
        raise RegionMismatch(f"就医地 mdtrtarea_admvs 是 {sent[:10]}，本机构在{own.full_name}，请填 {own.pool_code}")


def check_insured_region(call: Call, insured_pool: str) -> None:
    """`insuplc_admdvs` must name the pool that insures the person; left out it means the institution's own."""
    sent = call.message.insured_region
    named = pool_of(call.regions, sent) if sent else call.regions.get(call.institution.pool_code)
    if named is not None and named.pool_code == insured_pool:
        return
    raise RegionMismatch(
        f"这位参保人参保在{region_name(call.regions, insured_pool)}，参保地 insuplc_admdvs "
        f"{'没有填' if not sent else f'填的是 {sent[:10]}'}，请填 {insured_pool} 再发"
    )


def region_name(regions: Regions, pool_code: str) -> str:
    region: Region | None = regions.get(pool_code)
    return region.full_name if region is not None else pool_code
