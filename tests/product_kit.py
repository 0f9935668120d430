"""A running product and the hospitals that call it, for tests over HTTP."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn

from tongban.app import create_app
from tongban.directory import load_directory
from tongban.doors.cli import his
from tongban.doors.cli.demo import CLIENTS_FILE, load_demo
from tongban.doors.cli.his import Hospital, Message, Refused
from tongban.infra.clock import day_of, system_clock
from tongban.infra.db import connected
from tongban.people import demo_cast
from tongban.settings import Settings

DATA = Path(__file__).resolve().parents[1] / "data"
PEOPLE = 1_500
REGION_OF_ACCOUNT = {"demo-beijing": "110000", "demo-taiyuan": "140100", "demo-datong": "140200"}


@dataclass
class World:
    """Where the product answers, who may call, and people nobody has used yet."""

    url: str
    settings: Settings
    hospitals: dict[str, Hospital]
    _people: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def query(self, sql: str, *args: Any) -> list[Any]:
        """Rows as the owner sees them."""
        return asyncio.run(_query(str(self.settings.owner_database_url), sql, args))

    def person(self, insurance: str = "resident", category: str = "adult", pool: str = "140100") -> int:
        """Somebody insured there, paid up, whom no other test gets."""
        key = (f"{insurance}:{category}", pool)
        if key not in self._people:
            rows = self.query(
                """select person_id from people.enrollment where insurance_type = $1 and category = $2
                     and pool_code = $3 and payment_state = 'paid' and valid_to is null order by person_id""",
                insurance,
                category,
                pool,
            )
            known = {member.person_id for member in demo_cast()}
            self._people[key] = [row["person_id"] for row in rows if row["person_id"] not in known]
        return self._people[key].pop()


@contextmanager
def running_world(settings: Settings, people: int = PEOPLE) -> Iterator[World]:
    """Fill the empty database behind `settings` and serve it."""
    asyncio.run(_load(str(settings.owner_database_url)))
    load_demo(settings, people)
    with serving(settings) as url:
        yield World(url, settings, hospitals_of(settings.var_dir / CLIENTS_FILE))


def hospitals_of(clients_file: Path) -> dict[str, Hospital]:
    return {
        row["account"]: Hospital(
            row["account"],
            row["secret"],
            row["institution_code"],
            row["institution_name"],
            REGION_OF_ACCOUNT[row["account"]],
        )
        for row in json.loads(clients_file.read_text(encoding="utf-8"))
    }


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """One web process's worth of the application, in a thread; yields where it answers."""
    config = uvicorn.Config(create_app(settings), host="127.0.0.1", port=0, log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started:
        assert thread.is_alive(), "the application did not start"
        assert time.monotonic() < deadline, "the application did not start in time"
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


async def _load(owner_url: str) -> None:
    async with connected(owner_url, statement_timeout="0") as owner_db:
        await load_directory(owner_db, DATA, now=system_clock())


async def _query(url: str, sql: str, args: tuple[Any, ...]) -> list[Any]:
    async with connected(url) as connection:
        return list(await connection.fetch(sql, *args))


# Three drugs of the shipped catalogue, one of each class; the second leaves a tenth to the person.
CLASS_A, CLASS_B, CLASS_C = "XA01ABT045S006020104642", "XA02BCA084B001010100453", "XA02BAX011B002010104083"


@dataclass
class Patient:
    """A person at a hospital's counter. Every step sends what a hospital's system would and returns the output."""

    http: httpx.Client
    hospital: Hospital
    person_id: int
    insured_region: str = "140100"
    insutype: str = "390"
    encounter: str = ""
    _lines: int = 0

    def call(self, code: str, nodes: dict[str, Any]) -> Any:
        return self.hospital.call(self.http, code, nodes, insured_region=self.insured_region)

    def message(self, code: str, nodes: dict[str, Any], message_id: str = "") -> Message:
        return self.hospital.message(code, nodes, insured_region=self.insured_region, message_id=message_id)

    def refused(self, code: str, nodes: dict[str, Any]) -> str:
        """The sentence of a refusal."""
        with pytest.raises(Refused) as refusal:
            self.call(code, nodes)
        assert "事件号" not in refusal.value.sentence
        return refusal.value.sentence

    def admission(self, **members: Any) -> dict[str, Any]:
        return his.admission(str(self.person_id), self.insutype, today() - timedelta(days=5), **members)

    def admit(self, **members: Any) -> str:
        self.encounter = self.call("2401", self.admission(**members))["result"]["mdtrt_id"]
        return self.encounter

    def register(self, **members: Any) -> str:
        visit = {
            "psn_no": str(self.person_id),
            "insutype": self.insutype,
            "begntime": f"{today()} 09:00:00",
            "mdtrt_cert_type": "01",
            "ipt_otp_no": f"MZ{uuid4().hex[:12]}",
            "dept_code": "A03",
            "dept_name": "内科",
            "caty": "A03",
        }
        self.encounter = self.call("2201", {"data": visit | members})["data"]["mdtrt_id"]
        return self.encounter

    def describe(self, med_type: str = "11", **members: Any) -> None:
        self.call("2203", {"mdtrtinfo": self.visit(med_type) | members, "diseinfo": []})

    def visit(self, med_type: str) -> dict[str, Any]:
        """The node of 2203."""
        return {
            "mdtrt_id": self.encounter,
            "psn_no": str(self.person_id),
            "med_type": med_type,
            "begntime": f"{today()} 09:00:00",
        }

    def lines(self, *items: tuple[str, str], batch: str = "", **members: Any) -> dict[str, Any]:
        """`items` are pairs of an item's code and its price; one piece each."""
        rows = []
        for code, price in items:
            self._lines += 1
            rows.append(
                {
                    "feedetl_sn": f"{self._lines}",
                    "mdtrt_id": self.encounter,
                    "psn_no": str(self.person_id),
                    "chrg_bchno": batch,
                    "fee_ocur_time": f"{today()} 10:00:00",
                    "med_list_codg": code,
                    "medins_list_codg": f"HIS{code[:6]}",
                    "cnt": 1,
                    "pric": price,
                    "det_item_fee_sumamt": price,
                    "hosp_appr_flag": "1",
                }
                | members
            )
        return {"feedetail": rows}

    def charge(self, *items: tuple[str, str], batch: str = "") -> list[Any]:
        code = "2204" if batch else "2301"
        rows: list[Any] = self.call(code, self.lines(*items, batch=batch))["result"]
        return rows

    def bill(self, total: str, *, batch: str = "", **members: Any) -> dict[str, Any]:
        if batch:
            members = {"chrg_bchno": batch, "med_type": "11"} | members
        return his.bill(str(self.person_id), self.insutype, self.encounter, total, **members)

    def settled(self, settlement: str) -> dict[str, Any]:
        return {"data": {"psn_no": str(self.person_id), "mdtrt_id": self.encounter, "setl_id": settlement}}

    def reversal(self, message_id: str, code: str) -> dict[str, Any]:
        return {"data": {"psn_no": str(self.person_id), "omsgid": message_id, "oinfno": code}}


def today() -> date:
    return day_of(system_clock())
