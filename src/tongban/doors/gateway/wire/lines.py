"""Charge lines, sent and taken back: 2204, 2205, 2301, 2302."""

from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from tongban.doors.gateway.scalars import WireDay, WireFen, WirePrice, WireQuantity
from tongban.doors.gateway.wire.names import NAMES, Identifier
from tongban.doors.gateway.wire.visit import Visit


class LineRow(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    line_serial: Identifier
    encounter_number: Identifier
    person_number: Identifier
    happened_on: WireDay
    item_code: Identifier
    line_total: WireFen
    quantity: WireQuantity
    unit_price: WirePrice
    batch: Identifier = ""
    hospital_item_code: Annotated[str, Meta(max_length=150)] = ""
    approval: Identifier = "0"
    returned_line_serial: Identifier | None = None


class LinesInput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    lines: list[LineRow]


class LineAnswer(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    line_serial: str
    line_total: Raw
    quantity: Raw
    unit_price: Raw
    price_cap: Raw
    self_pay_rate: Raw
    self_funded: Raw
    line_over_price_cap: Raw
    preselfpay: Raw
    in_scope: Raw
    catalog_class: str
    charge_kind: str
    is_restricted: str
    remark: str
    is_basic_drug: str = "0"
    is_negotiated_drug: str = "0"
    is_childrens_drug: str = "0"
    is_special_item: str = "0"
    is_directly_settled: str = "0"


class LinesOutput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    rows: list[LineAnswer]


class Batch(Visit, frozen=True, kw_only=True, rename=NAMES):
    batch: Identifier


class BatchInput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    data: Batch


class LineWithdrawal(Visit, frozen=True, kw_only=True, rename=NAMES):
    line_serial: Identifier


class LineWithdrawalInput(msgspec.Struct, frozen=True, kw_only=True, rename=NAMES):
    data: list[LineWithdrawal]
