"""Single values as the wire writes them, read into exact integers and dates and written back.

Everything arrives as text here (see `reading`): numbers keep the digits that were sent, so nothing passes through a
binary fraction on its way in or out.
"""

import re
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import Any, Final

import msgspec

from tongban.infra.clock import CHINA_TIME, in_china
from tongban.kernel.money import AMOUNT_MAX_FEN, BasisPoints, Fen, yuan_plain

_NUMBER = re.compile(r"[+-]?\d{1,18}(?:\.\d{0,24})?(?:[eE][+-]?\d{1,2})?")
# 2026-11-22, 2026/11/22 or 20261122, perhaps followed by a time to the minute or finer.
_TIME = re.compile(
    r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|(\d{2})(\d{2}))"
    r"(?:[ T]?(\d{2}):?(\d{2})(?::?(\d{2})(?:\.\d{1,9})?)?)?"
)
_EXTENSION_DECODER: Final = msgspec.json.Decoder(float_hook=str)
_QUANTITY_MAX: Final = 10**16
_EARLIEST_YEAR: Final = 1900


class WireFen(int):
    """An amount N(16,2) in yuan, as fen."""


class WireQuantity(int):
    """A quantity N(16,4), as ten-thousandths."""


class WirePrice(int):
    """A unit price N(16,6) in yuan, as millionths."""


class WireDay(date):
    """A `D` or `DT` value of which only the day counts."""


class WireTime(datetime):
    """A `D` or `DT` value; a bare date is its midnight. Aware, Chinese time."""


class WireSwitch(int):
    """A yes/no flag: 0 or 1. Some systems write 00 and 01, or true and false."""


class Extension(dict[str, str]):
    """`exp_content`: a JSON text holding further members. Keys in upper case, because both cases are sent."""


def read_scalar(type_: type, value: Any) -> Any:
    """msgspec's `dec_hook`: raises ValueError with the rest of a sentence that begins with the field's name."""
    if type_ is Extension:
        return _read_extension(value)
    if not isinstance(value, str):
        raise ValueError("这里应该是一个值，不是一组")
    if type_ is WireFen:
        return WireFen(_scaled(value, 2, AMOUNT_MAX_FEN))
    if type_ is WireQuantity:
        return WireQuantity(_scaled(value, 4, _QUANTITY_MAX))
    if type_ is WirePrice:
        return WirePrice(_scaled(value, 6, _QUANTITY_MAX))
    if type_ is WireDay:
        moment = _moment(value)
        return WireDay(moment.year, moment.month, moment.day)
    if type_ is WireTime:
        return _moment(value)
    if type_ is WireSwitch:
        return _switch(value)
    raise NotImplementedError(type_)


def _scaled(text: str, decimals: int, largest: int) -> int:
    """`text` times ten to the power of `decimals`, exactly.

    Trailing zeros and an exponent are allowed: Java writes ten million and more as ``1.0E7``.
    """
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(f"“{text[:20]}”不是数字")
    with localcontext() as context:
        context.prec = 200  # more digits than the pattern lets in, so nothing is ever rounded here
        scaled = Decimal(text).scaleb(decimals)
        if scaled != scaled.to_integral_value():
            raise ValueError(f"“{text[:30]}”的小数超过 {decimals} 位，请四舍五入到 {decimals} 位")
        if abs(scaled) > largest:
            raise ValueError(f"“{text[:30]}”太大了，请核对")
        return int(scaled)


def _moment(text: str) -> WireTime:
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"“{text[:30]}”看不懂，日期请写成 2026-11-20，时间请写成 2026-11-20 08:30:00")
    year, *pairs, hour, minute, second = match.groups()
    month, day = [part for part in pairs if part is not None]
    if int(year) < _EARLIEST_YEAR:
        raise ValueError(f"“{text[:30]}”的年份太早，请核对")
    try:
        return WireTime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=CHINA_TIME
        )
    except ValueError:
        raise ValueError(f"“{text[:30]}”在日历上没有，请核对") from None


def _switch(text: str) -> WireSwitch:
    if text in ("0", "00", "1", "01"):
        return WireSwitch(int(text))
    raise ValueError(f"只能是 0 或 1，收到的是“{text[:20]}”")


def _read_extension(value: Any) -> Extension:
    """Free text is allowed and says nothing to us; a text that starts like JSON and is broken is refused, since an
    emergency mark may be lost in it."""
    members = value
    if isinstance(value, str):
        if not value.lstrip().startswith("{"):
            return Extension()
        try:
            members = _EXTENSION_DECODER.decode(value)
        except (msgspec.DecodeError, RecursionError):
            raise ValueError("不是合格的 JSON 文本，里面的急诊、外伤标志读不出来") from None
    if not isinstance(members, dict):
        return Extension()
    return Extension(
        {
            str(name).upper(): text
            for name, member in members.items()
            if isinstance(member, str | int) and (text := str(int(member) if isinstance(member, bool) else member))
        }
    )


def amount(fen: Fen) -> msgspec.Raw:
    """``1250`` → the JSON number ``12.50``."""
    return msgspec.Raw(yuan_plain(fen).encode())


def quantity(value_e4: int) -> msgspec.Raw:
    return _fixed(value_e4, 4)


def price(value_e6: int) -> msgspec.Raw:
    return _fixed(value_e6, 6)


def ratio(rate_bp: BasisPoints) -> msgspec.Raw:
    """``6000`` → ``0.6000``."""
    return _fixed(rate_bp, 4)


def _fixed(value: int, decimals: int) -> msgspec.Raw:
    whole, part = divmod(abs(value), 10**decimals)
    return msgspec.Raw(f"{'-' if value < 0 else ''}{whole}.{part:0{decimals}d}".encode())


def plain_day(day: date) -> date:
    """The same day as what databases and JSON know."""
    return date(day.year, day.month, day.day)


def day_text(day: date) -> str:
    """``2026-11-22``, also for a WireDay."""
    return f"{day.year:04d}-{day.month:02d}-{day.day:02d}"


def time_text(moment: datetime) -> str:
    """``2026-11-22 08:30:00`` on a Chinese clock."""
    return in_china(moment).strftime("%Y-%m-%d %H:%M:%S")


def compact_time(moment: datetime) -> str:
    """``20261122083000123``: to the millisecond, without separators."""
    there = in_china(moment)
    return f"{there:%Y%m%d%H%M%S}{there.microsecond // 1000:03d}"
