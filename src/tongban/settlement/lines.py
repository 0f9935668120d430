"""Charge lines: taken, split by the treating region's catalogue, given back. All of an upload or nothing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from tongban.directory import CatalogItem, catalog_items
from tongban.infra.clock import day_of
from tongban.infra.db import Db
from tongban.kernel.identifiers import OutsideNumber
from tongban.kernel.money import AMOUNT_MAX_FEN, yuan
from tongban.kernel.vocabulary import CareKind
from tongban.settlement import store
from tongban.settlement.attempt import with_one_retry
from tongban.settlement.errors import (
    AmountMismatch,
    EncounterClosed,
    ItemUnknown,
    LineChanged,
    LineRefused,
    LineTotalWrong,
    ReturnRefused,
)
from tongban.settlement.model import ChargeLine, EncounterState, LineUpload
from tongban.settlement.rules import Split, is_self_funded, is_total_right, split_line, split_return
from tongban.settlement.store import ChargeFacts
from tongban.settlement.visits import require_encounter, require_own


async def upload_lines(
    db: Db, number: OutsideNumber, institution_code: str | None, lines: Sequence[LineUpload], *, now: datetime
) -> list[ChargeLine]:
    """The lines of a visit as the treating region's catalogue splits them, in the order sent.

    A line sent again unchanged is answered as before. One wrong line refuses them all and is named: unknown item,
    quantity times price that is not the total, a known serial with other contents, a return of more than was charged.
    `institution_code` limits an institution to its own visits; None for the agency.
    """
    for line in lines:
        _check_form(line, day_of(now))

    async def attempt() -> list[ChargeLine]:
        return await _upload_once(db, number, institution_code, lines)

    return await with_one_retry(db, lambda: store.lock_encounter(db, number), attempt)


async def withdraw_lines(
    db: Db,
    number: OutsideNumber,
    institution_code: str,
    *,
    line_serials: Sequence[str] | None = None,
    batch: str | None = None,
) -> int:
    """Take unsettled lines back: the named ones, those of a batch, or (neither given) all. Returns how many went.

    A line that is gone already is no mistake. A charge whose return would stay behind is refused.
    """

    async def attempt() -> int:
        facts = await _require_facts(db, number, institution_code)
        encounter, settled = facts.encounter, facts.settled_batches
        _require_open(facts, {batch} if batch is not None else set())
        kept_returns, found = await store.lines_to_withdraw(db, encounter, line_serials, batch, settled)
        if kept_returns:
            raise ReturnRefused(
                f"明细 {kept_returns[0]} 是退费，退的是要撤掉的那一条；请把它一起撤掉", line_serial=kept_returns[0]
            )
        if found:
            await store.delete_lines(db, encounter, found)
        return len(found)

    return await with_one_retry(db, lambda: store.lock_encounter(db, number), attempt)


async def lines_of(db: Db, number: OutsideNumber, institution_code: str | None = None) -> list[ChargeLine]:
    """All charge lines of a visit. `institution_code` limits who may ask; None for the insured person's own pages."""
    await require_encounter(db, number, institution_code)
    return await store.lines_of(db, number)


async def _upload_once(
    db: Db, number: OutsideNumber, institution_code: str | None, lines: Sequence[LineUpload]
) -> list[ChargeLine]:
    facts = await _require_facts(db, number, institution_code)
    known = await store.lines_named(
        db, number, [line.line_serial for line in lines], [line.returns_line for line in lines if line.returns_line]
    )
    by_serial = {line.line_serial: line for line in known}
    new = _new_lines(lines, by_serial)
    if new:
        _require_open(facts, {line.batch for line in new})
        items = await catalog_items(db, facts.province_code, sorted({line.item_code for line in new}))
        made = _split_all(new, items, by_serial, known)
        _check_sum(facts, made)
        await store.insert_lines(db, facts.encounter, made)
        by_serial.update((line.line_serial, line) for line in made)
    return [by_serial[line.line_serial] for line in lines]


def _check_form(line: LineUpload, today: date) -> None:
    """What is wrong with a line by itself."""
    serial = line.line_serial
    if line.happened_on > today:
        raise LineRefused(f"明细 {serial} 的发生日期 {line.happened_on} 还没到，请改对后重新上传", line_serial=serial)
    if line.quantity_e4 == 0 or line.unit_price_e6 < 0 or abs(line.total_fen) > AMOUNT_MAX_FEN:
        raise LineRefused(f"明细 {serial} 的数量不能是 0，单价不能是负数，金额不能过大", line_serial=serial)
    if (line.quantity_e4 < 0) != (line.returns_line is not None):
        raise ReturnRefused(f"明细 {serial}：退费要用负的数量，并写明退的是哪一条明细", line_serial=serial)
    if not is_total_right(line):
        product = line.quantity_e4 * line.unit_price_e6
        raise LineTotalWrong(
            f"明细 {serial} 的金额 {yuan(line.total_fen)} 元不等于数量乘单价（{_yuan_of_product(product)} 元），"
            "请核对后重新上传",
            line_serial=serial,
        )


def _new_lines(lines: Sequence[LineUpload], known: Mapping[str, ChargeLine]) -> list[LineUpload]:
    """Those not known yet, each once. Raises LineChanged for a serial with two contents, known or within the upload."""
    new: dict[str, LineUpload] = {}
    for line in lines:
        serial = line.line_serial
        stored, sent = known.get(serial), new.get(serial)
        if (stored is not None and not _is_same(stored, line)) or (sent is not None and sent != line):
            raise LineChanged(
                f"明细流水号 {serial} 已经用过，内容和这次不同；请换一个流水号，或先撤销原来的",
                line_serial=serial,
            )
        if stored is None:
            new.setdefault(serial, line)
    return list(new.values())


def _is_same(stored: ChargeLine, sent: LineUpload) -> bool:
    return all(
        getattr(stored, name) == getattr(sent, name)
        for name in (
            "batch",
            "item_code",
            "hospital_item_code",
            "happened_on",
            "quantity_e4",
            "unit_price_e6",
            "total_fen",
            "approval",
            "returns_line",
        )
    )


async def _require_facts(db: Db, number: OutsideNumber, institution_code: str | None) -> ChargeFacts:
    facts = await store.charge_facts(db, number)
    require_own(None if facts is None else facts.encounter, institution_code)
    assert facts is not None
    return facts


def _require_open(facts: ChargeFacts, batches: set[str]) -> None:
    """A stay takes lines until it is settled, a visit until that batch of it is."""
    if facts.encounter.state is EncounterState.VOIDED:
        raise EncounterClosed("这次就诊已经撤销，不能再动费用明细；要继续请重新登记")
    settled = set(facts.settled_batches)
    done = sorted(settled if facts.encounter.care_kind is CareKind.INPATIENT else settled & batches)
    if done:
        which = f"批次 {done[0]} " if done[0] else "这次就诊"
        raise EncounterClosed(f"{which}已经结算，不能再动费用明细；要改请先撤销结算")


def _split_all(
    new: Sequence[LineUpload],
    items: Mapping[str, CatalogItem],
    known: Mapping[str, ChargeLine],
    touched: Iterable[ChargeLine],
) -> list[ChargeLine]:
    """Split in the order sent, so that a return may follow its charge in the same upload."""
    charged = dict(known)
    left = {line.line_serial: _left(line) for line in known.values() if line.returns_line is None}
    for line in touched:
        if line.returns_line is not None and line.returns_line in left:
            left[line.returns_line] = left[line.returns_line].after(line)
    made: list[ChargeLine] = []
    for sent in new:
        line = _charge(sent, items.get(sent.item_code)) if sent.returns_line is None else _return(sent, charged, left)
        charged[line.line_serial] = line
        if line.returns_line is None:
            left[line.line_serial] = _left(line)
        else:
            left[line.returns_line] = left[line.returns_line].after(line)
        made.append(line)
    return made


class _Left(NamedTuple):
    """What of a charge has not been returned yet."""

    quantity_e4: int
    split: Split

    def after(self, returned: ChargeLine) -> "_Left":
        """Amounts of a return are negative, so they are added."""
        return _Left(self.quantity_e4 + returned.quantity_e4, self.split.minus(_split_of(returned).negated()))


def _left(line: ChargeLine) -> _Left:
    return _Left(line.quantity_e4, _split_of(line))


def _split_of(line: ChargeLine) -> Split:
    return Split(line.self_funded_fen, line.over_price_cap_fen, line.preselfpay_fen, line.in_scope_fen)


def _charge(sent: LineUpload, item: CatalogItem | None) -> ChargeLine:
    if item is None or sent.happened_on < item.valid_from:
        raise ItemUnknown(
            f"明细 {sent.line_serial} 的目录编码 {sent.item_code} 在就医地目录里没有，请核对编码后重新上传",
            line_serial=sent.line_serial,
        )
    is_blocked = item.is_restricted and is_self_funded(item, sent.approval)
    note = "这一项有支付限定，医院没有审批通过，按自费算" if is_blocked else ""
    return _line(sent, split_line(sent, item), item, note)


def _line(sent: LineUpload, split: Split, item: CatalogItem, note: str) -> ChargeLine:
    return ChargeLine(
        line_serial=sent.line_serial,
        batch=sent.batch,
        item_code=sent.item_code,
        hospital_item_code=sent.hospital_item_code,
        item_name=item.name,
        happened_on=sent.happened_on,
        quantity_e4=sent.quantity_e4,
        unit_price_e6=sent.unit_price_e6,
        total_fen=sent.total_fen,
        catalog_class=item.catalog_class,
        preselfpay_bp=item.preselfpay_bp,
        price_cap_e6=item.price_cap_microyuan,
        charge_kind=item.charge_kind,
        is_restricted=item.is_restricted,
        approval=sent.approval,
        returns_line=None,
        note=note,
        **split._asdict(),
    )


def _return(sent: LineUpload, charged: Mapping[str, ChargeLine], left: Mapping[str, _Left]) -> ChargeLine:
    """Returned under the catalogue values of the day the charge was split, whatever the catalogue says now."""
    assert sent.returns_line is not None
    original, remaining = charged.get(sent.returns_line), left.get(sent.returns_line)
    if original is None or remaining is None or original.batch != sent.batch:
        raise ReturnRefused(
            f"明细 {sent.line_serial} 要退的 {sent.returns_line} 在这次就诊里没有找到，请核对原明细的流水号",
            line_serial=sent.line_serial,
        )
    if original.item_code != sent.item_code or original.unit_price_e6 != sent.unit_price_e6:
        raise ReturnRefused(
            f"明细 {sent.line_serial} 和要退的 {sent.returns_line} 项目或单价不同，请按原明细退",
            line_serial=sent.line_serial,
        )
    if -sent.quantity_e4 > remaining.quantity_e4 or -sent.total_fen > remaining.split.total_fen:
        raise ReturnRefused(
            f"明细 {sent.line_serial} 退得太多：{sent.returns_line} 还可以退 {yuan(remaining.split.total_fen)} 元，"
            f"这次要退 {yuan(-sent.total_fen)} 元",
            line_serial=sent.line_serial,
        )
    split = split_return(remaining.split, -sent.total_fen).negated()
    return ChargeLine(
        line_serial=sent.line_serial,
        batch=sent.batch,
        item_code=sent.item_code,
        hospital_item_code=sent.hospital_item_code,
        item_name=original.item_name,
        happened_on=sent.happened_on,
        quantity_e4=sent.quantity_e4,
        unit_price_e6=sent.unit_price_e6,
        total_fen=sent.total_fen,
        catalog_class=original.catalog_class,
        preselfpay_bp=original.preselfpay_bp,
        price_cap_e6=original.price_cap_e6,
        charge_kind=original.charge_kind,
        is_restricted=original.is_restricted,
        approval=sent.approval,
        returns_line=sent.returns_line,
        note="",
        **split._asdict(),
    )


def _check_sum(facts: ChargeFacts, made: Sequence[ChargeLine]) -> None:
    """The whole bill must stay an amount the wire can carry."""
    if facts.total_fen + sum(line.total_fen for line in made) > AMOUNT_MAX_FEN:
        raise AmountMismatch("这次就诊的费用合计超出了接口能表示的最大金额，请核对明细的数量和单价")


def _yuan_of_product(product: int) -> str:
    """Quantity times price in yuan, exact to four decimals, for the refusal."""
    sign, ten_thousandths = ("-" if product < 0 else ""), abs(product) // 10**6
    return f"{sign}{ten_thousandths // 10_000}.{ten_thousandths % 10_000:04d}"
