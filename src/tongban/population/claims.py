"""The format of claims in Parquet: its columns, its checks, and how a file of any size is read in bounded memory.

One row is one settled bill. Rows are ordered by person and, within a person, by day of settlement. Amounts are fen,
words are those of the glossary, and nobody is named: a person is a number.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tongban.kernel.vocabulary import CareKind, InsuranceType, Locality, PersonnelCategory, PriceClass, Word
from tongban.law import BenefitPath
from tongban.population.errors import ClaimInvalid, ClaimsUnreadable

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]

DAYS = ("admitted_on", "settled_on")
# For a visit, `admitted_on` is the day of the visit. Chronic disease and pharmacies have rules of their own and are
# not simulated.
WORDS: Mapping[str, tuple[Word, ...]] = {
    "insurance_type": tuple(InsuranceType),
    "category": tuple(PersonnelCategory),
    "locality": tuple(Locality),
    "path": tuple(BenefitPath),
    "price_class": tuple(PriceClass),
    "care_kind": (CareKind.INPATIENT, CareKind.OUTPATIENT),
}
POOL = "insured_pool"
AMOUNTS = ("total_fen", "self_funded_fen", "over_price_cap_fen", "preselfpay_fen")
COLUMNS = ("person_id", *DAYS, POOL, *WORDS, *AMOUNTS)

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
# A rate is applied to what a person has borne in the year: beyond this the product would leave 64 bits.
PERSON_TOTAL_MAX_FEN = 9 * 10**14
# All rows of one person are held at once.
PERSON_CLAIMS_MAX = 1_000_000

_EPOCH = date(1970, 1, 1).toordinal()
_READ_AHEAD = 1 << 20


def schema(*, wide: bool = False) -> pa.Schema:
    """The schema files are written with; `wide` where an amount does not fit into 32 bits."""
    word, amount = pa.dictionary(pa.int8(), pa.string()), pa.int64() if wide else pa.int32()
    types = {
        "person_id": pa.int64(),
        **dict.fromkeys(DAYS, pa.date32()),
        **dict.fromkeys((POOL, *WORDS), word),
        **dict.fromkeys(AMOUNTS, amount),
    }
    return pa.schema([pa.field(name, types[name], nullable=False) for name in COLUMNS])


def day_number(day: date) -> int:
    """Days since 1970, as a date32 column holds them."""
    return day.toordinal() - _EPOCH


def day_of_number(number: int) -> date:
    return date.fromordinal(number + _EPOCH)


class Part(NamedTuple):
    """Rows of the file as they were decoded: one array per column, in COLUMNS' order.

    Words are indices, each with its own small dictionary, which need not name only words that are known or used.
    `row` says where in the file the first row stands, or for rows from several places where each does.
    """

    person_id: Int64s
    days: tuple[Int32s, Int32s]
    words: tuple[Int32s, ...]
    dictionaries: tuple[tuple[str, ...], ...]
    amounts: tuple[NDArray[Any], ...]
    row: int | Int64s

    def row_of(self, index: int) -> int:
        return int(self.row[index]) if isinstance(self.row, np.ndarray) else self.row + index

    def slice(self, first: int, end: int) -> "Part":
        """A view, without copying."""
        return Part(
            self.person_id[first:end],
            (self.days[0][first:end], self.days[1][first:end]),
            tuple(each[first:end] for each in self.words),
            self.dictionaries,
            tuple(each[first:end] for each in self.amounts),
            self.row[first:end] if isinstance(self.row, np.ndarray) else self.row + first,
        )


class Fragment(NamedTuple):
    """Some rows of a person whose other rows lie in another batch: a copy, so that the batch can be freed."""

    rows: pa.RecordBatch
    row: int


@dataclass(frozen=True, slots=True)
class ClaimsFile:
    """A file whose columns are right. Rows are checked when they are read."""

    path: Path
    rows: int
    metadata: pq.FileMetaData
    first_rows: tuple[int, ...]

    @property
    def row_groups(self) -> int:
        return len(self.first_rows)

    def batches(self, group: int, rows_max: int) -> Iterator[tuple[pa.RecordBatch, int]]:
        """A row group's rows in order, in pieces of at most `rows_max`, each with the number of its first row.

        Every call opens the file anew: several threads may read several groups.
        """
        row = self.first_rows[group]
        with pq.ParquetFile(
            self.path, metadata=self.metadata, read_dictionary=[POOL, *WORDS], buffer_size=_READ_AHEAD, pre_buffer=False
        ) as file:
            for batch in file.iter_batches(rows_max, row_groups=[group], columns=list(COLUMNS), use_threads=False):
                yield batch, row
                row += batch.num_rows


def open_claims(path: Path) -> ClaimsFile:
    """Raises ClaimsUnreadable with everything that is wrong with the columns."""
    try:
        with pq.ParquetFile(path) as file:
            metadata, arrow = file.metadata, file.schema_arrow
    except FileNotFoundError:
        raise ClaimsUnreadable(f"没有找到 {path}") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise ClaimsUnreadable(f"{path.name} 不是能读的 Parquet 文件：{error}") from None
    problems = list(_column_problems(arrow))
    if problems:
        raise ClaimsUnreadable(f"{path.name} 的列不对：" + "；".join(problems))
    if metadata.num_rows == 0:
        raise ClaimsUnreadable(f"{path.name} 里一笔账单也没有")
    sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    firsts = tuple(int(each) for each in np.cumsum([1, *sizes[:-1]]))
    return ClaimsFile(path, metadata.num_rows, metadata, firsts)


def _column_problems(arrow: pa.Schema) -> Iterator[str]:
    for name in COLUMNS:
        if arrow.get_field_index(name) < 0:
            times = arrow.names.count(name)
            yield f"{name} 写了 {times} 次" if times else f"缺少 {name}"
            continue
        kind = arrow.field(name).type
        if name == "person_id":
            right, wanted = pa.types.is_int64(kind), "int64"
        elif name in DAYS:
            right, wanted = pa.types.is_date32(kind), "date32"
        elif name in AMOUNTS:
            right, wanted = pa.types.is_int32(kind) or pa.types.is_int64(kind), "int32 或 int64，单位是分"
        else:
            inner = kind.value_type if pa.types.is_dictionary(kind) else kind
            right, wanted = pa.types.is_string(inner) or pa.types.is_large_string(inner), "文字（字典编码）"
        if not right:
            yield f"{name} 应该是 {wanted}，现在是 {kind}"


def decode(file: ClaimsFile, batch: pa.RecordBatch, row: int | Int64s) -> Part:
    """The batch's columns as arrays, without copying where the types allow. Raises ClaimInvalid at the first null."""
    columns = dict(zip(COLUMNS, batch.columns, strict=True))
    for name, column in columns.items():
        if column.null_count:
            index = pc.index(column.is_null(), True).as_py()
            at = int(row[index]) if isinstance(row, np.ndarray) else row + index
            raise ClaimInvalid(f"{file.path.name} 第 {at} 行：{name} 是空的")
    words, dictionaries = [], []
    for name in (POOL, *WORDS):
        column = columns[name]
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        words.append(_as(column.indices, np.int32))
        dictionaries.append(tuple(column.dictionary.to_pylist()))
    amounts = [columns[name] for name in AMOUNTS]
    kind = np.int32 if all(pa.types.is_int32(each.type) for each in amounts) else np.int64
    return Part(
        _as(columns["person_id"], np.int64),
        (_as(columns["admitted_on"].view(pa.int32()), np.int32), _as(columns["settled_on"].view(pa.int32()), np.int32)),
        tuple(words),
        tuple(dictionaries),
        tuple(_as(each, kind) for each in amounts),
        row,
    )


def _as(column: pa.Array, kind: type[np.generic]) -> NDArray[Any]:
    made: NDArray[Any] = column.to_numpy(zero_copy_only=False).astype(kind, copy=False)
    # Copied or not, the compiler meets the same kind of array.
    made.flags.writeable = False
    return made


def fragment(batch: pa.RecordBatch, first: int, end: int, row: int) -> Fragment:
    """Rows `first` to `end` of a batch whose first row is `row`."""
    return Fragment(batch.take(pa.array(range(first, end), pa.int64())), row + first)


def join(file: ClaimsFile, fragments: Sequence[Fragment]) -> Part:
    """Fragments in the order of the file as one part."""
    table = pa.Table.from_batches([each.rows for each in fragments]).unify_dictionaries().combine_chunks()
    rows = np.concatenate([np.arange(each.row, each.row + each.rows.num_rows) for each in fragments])
    (batch,) = table.to_batches()
    return decode(file, batch, rows)


def why_invalid(file: ClaimsFile, part: Part, index: int, pools: Sequence[str], after: int | None) -> ClaimInvalid:
    """What is wrong with a row that failed its checks. `after`: the person the part's first row has to come after."""
    where = f"{file.path.name} 第 {part.row_of(index)} 行"
    return ClaimInvalid(f"{where}：{_problem(part, index, pools, after)}")


def _problem(part: Part, index: int, pools: Sequence[str], after: int | None) -> str:
    for name, codes, dictionary in zip((POOL, *WORDS), part.words, part.dictionaries, strict=True):
        word = dictionary[codes[index]]
        known: Sequence[str] = pools if name == POOL else WORDS[name]
        if word not in known:
            return f"{name} 写了“{word}”，只能是 {'、'.join(known)}"
    person = int(part.person_id[index])
    before = int(part.person_id[index - 1]) if index else after
    admitted, settled = int(part.days[0][index]), int(part.days[1][index])
    if before is not None and (person < before or (person == before and not index)):
        return f"person_id 是 {person}，上面是 {before}。账单要按 person_id 从小到大排，同一个人的要排在一起"
    if index and person == before and settled < part.days[1][index - 1]:
        previous = day_of_number(int(part.days[1][index - 1]))
        return f"settled_on 是 {_day(settled)}，早于同一个人上一笔的 {previous}。同一个人的账单要按结算日期排"
    for name, day in (("admitted_on", admitted), ("settled_on", settled)):
        if not day_number(FIRST_DAY) <= day <= day_number(LAST_DAY):
            return f"{name} 是 {_day(day)}，只能在 {FIRST_DAY} 和 {LAST_DAY} 之间"
    if settled < admitted:
        return f"settled_on 是 {_day(settled)}，早于 admitted_on 的 {_day(admitted)}"
    amounts = {name: int(column[index]) for name, column in zip(AMOUNTS, part.amounts, strict=True)}
    for name, amount in amounts.items():
        if amount < 0:
            return f"{name} 是 {amount}，不能是负数"
    parts = sum(amounts.values()) - amounts["total_fen"]
    if parts > amounts["total_fen"]:
        return f"自费、超限价和先付的加起来是 {parts}，比 total_fen 的 {amounts['total_fen']} 还多"
    return f"person_id {person} 的 total_fen 加起来超过了 {PERSON_TOTAL_MAX_FEN}，请检查金额的单位是不是分"


def _day(number: int) -> str:
    try:
        return str(day_of_number(number))
    except (ValueError, OverflowError):
        return f"1970-01-01 之后第 {number} 天"
