"""The other side of the gateway: a hospital's information system, reduced to what it says over the wire.

Used by the story, the benchmark and the tests of faults. It builds messages as the published interface describes them
and shares no code with the gateway, so that both can be wrong only independently.
"""

import hashlib
import itertools
import json
import os
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeAlias

import httpx

from tongban.infra.clock import in_china, system_clock

PATH: Final = "/fsi/api/rsfComIfsService/callService"

Nodes: TypeAlias = Mapping[str, Any]


class Message(NamedTuple):
    """A body that may be sent more than once; every sending needs headers of its own."""

    message_id: str
    body: bytes


class Item(NamedTuple):
    """A position of the bill: the catalogue's code, the price of a piece in yuan, how many."""

    code: str
    price: str
    pieces: int = 1

    @property
    def total(self) -> Decimal:
        return Decimal(self.price) * self.pieces


class Refused(Exception):
    """The platform answered infcode -1: `sentence` is what the cashier would read."""

    def __init__(self, transaction_code: str, sentence: str) -> None:
        super().__init__(f"{transaction_code}: {sentence}")
        self.transaction_code = transaction_code
        self.sentence = sentence


class NoAnswer(Exception):
    """Nothing that is an envelope came back: the outcome is unknown."""


@dataclass(frozen=True)
class Hospital:
    """One hospital with its account. `region` is where it lies."""

    account: str
    secret: str
    institution_code: str
    institution_name: str
    region: str
    _serials: "itertools.count[int]" = field(default_factory=lambda: itertools.count(os.getpid() % 1000 * 10))

    def message(
        self, transaction_code: str, nodes: Nodes, *, insured_region: str = "", message_id: str = ""
    ) -> Message:
        now = in_china(system_clock())
        message_id = message_id or self.new_message_id(now)
        envelope = {
            "infno": transaction_code,
            "msgid": message_id,
            "mdtrtarea_admvs": self.region,
            "insuplc_admdvs": insured_region,
            "recer_sys_code": "TONGBAN",
            "dev_no": "",
            "dev_safe_info": "",
            "cainfo": "",
            "signtype": "",
            "infver": "V1.0",
            "opter_type": "1",
            "opter": "001",
            "opter_name": "收费员",
            "inf_time": f"{now:%Y-%m-%d %H:%M:%S}",
            "fixmedins_code": self.institution_code,
            "fixmedins_name": self.institution_name,
            "sign_no": "",
            "input": nodes,
        }
        return Message(message_id, json.dumps(envelope, ensure_ascii=False).encode())

    def new_message_id(self, now: datetime | None = None) -> str:
        """Institution, time and serial, thirty characters."""
        moment = in_china(now or system_clock())
        return f"{self.institution_code}{moment:%Y%m%d%H%M%S}{next(self._serials) % 10_000:04d}"

    def headers(self, *, at: float | None = None, nonce: str = "") -> dict[str, str]:
        """Signed for one sending. `at` is Unix time, now unless given."""
        timestamp = str(int(time.time() if at is None else at))
        nonce = nonce or secrets.token_hex(8)
        signature = hashlib.sha256(f"{timestamp}{self.secret}{nonce}{timestamp}".encode()).hexdigest()
        return {
            "content-type": "application/json; charset=utf-8",
            "x-tif-paasid": self.account,
            "x-tif-timestamp": timestamp,
            "x-tif-nonce": nonce,
            "x-tif-signature": signature,
        }

    def call(self, client: httpx.Client, transaction_code: str, nodes: Nodes, *, insured_region: str = "") -> Any:
        """The `output` of one transaction. Raises Refused or NoAnswer."""
        return self.send(client, transaction_code, self.message(transaction_code, nodes, insured_region=insured_region))

    def send(self, client: httpx.Client, transaction_code: str, message: Message) -> Any:
        try:
            response = client.post(PATH, content=message.body, headers=self.headers())
        except httpx.TransportError as error:
            raise NoAnswer(str(error)) from error
        return output_of(transaction_code, response)

    async def send_async(self, client: httpx.AsyncClient, transaction_code: str, message: Message) -> Any:
        """`send`, for many counters at once."""
        try:
            response = await client.post(PATH, content=message.body, headers=self.headers())
        except httpx.TransportError as error:
            raise NoAnswer(str(error)) from error
        return output_of(transaction_code, response)


def output_of(transaction_code: str, response: httpx.Response) -> Any:
    """What an answer brings. Amounts keep their digits: they are read as text, never as binary fractions."""
    if response.status_code != 200:
        raise NoAnswer(f"HTTP {response.status_code}")
    try:
        answer = json.loads(response.content, parse_float=str)
    except ValueError:
        raise NoAnswer("not JSON") from None
    if answer.get("infcode") != 0:
        raise Refused(transaction_code, str(answer.get("err_msg") or ""))
    return answer.get("output")


# --- the nodes of a stay ---------------------------------------------------------------------------------------------


def admission(person_number: str, insurance: str, admitted_on: date, **members: Any) -> dict[str, Any]:
    """2401: an ordinary stay for pneumonia, under a number of the hospital's own; `members` replace or add."""
    visit = {
        "psn_no": person_number,
        "insutype": insurance,
        "begntime": f"{admitted_on} 00:00:00",
        "mdtrt_cert_type": "01",
        "med_type": "21",
        "ipt_no": f"ZY{secrets.token_hex(6).upper()}",
        "atddr_no": "D000000000001",
        "chfpdr_name": "演示医师",
        "adm_diag_dscr": "肺炎",
        "adm_dept_codg": "A03",
        "adm_dept_name": "内科",
        "adm_bed": "12",
        "dscg_maindiag_code": "J18.900",
        "dscg_maindiag_name": "肺炎",
    }
    diagnosis = {
        "psn_no": person_number,
        "diag_type": "1",
        "maindiag_flag": "1",
        "diag_srt_no": 1,
        "diag_code": "J18.900",
        "diag_name": "肺炎",
    }
    return {"mdtrtinfo": visit | members, "diseinfo": [diagnosis]}


def charges(person_number: str, encounter: str, happened_on: date, items: Sequence[Item]) -> dict[str, Any]:
    """2301: one line for each item, numbered from 1."""
    return {
        "feedetail": [
            {
                "feedetl_sn": str(serial),
                "mdtrt_id": encounter,
                "psn_no": person_number,
                "fee_ocur_time": f"{happened_on} 00:00:00",
                "med_list_codg": item.code,
                "medins_list_codg": f"HIS{serial:04d}",
                "cnt": item.pieces,
                "pric": item.price,
                "det_item_fee_sumamt": str(item.total),
                "hosp_appr_flag": "1",
            }
            for serial, item in enumerate(items, start=1)
        ]
    }


def bill(person_number: str, insurance: str, encounter: str, total: str, **members: Any) -> dict[str, Any]:
    """2303 and 2304; the personal account is used unless `members` say otherwise."""
    data = {
        "psn_no": person_number,
        "mdtrt_cert_type": "01",
        "medfee_sumamt": total,
        "psn_setlway": "01",
        "mdtrt_id": encounter,
        "insutype": insurance,
        "acct_used_flag": "1",
        "mid_setl_flag": "0",
    }
    return {"data": data | members}
