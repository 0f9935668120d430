"""A file that is not right is refused with the place and the value; nothing is settled."""

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from population_kit import Claim, write

from tongban.law import Pack
from tongban.population.claims import PERSON_TOTAL_MAX_FEN, open_claims
from tongban.population.errors import ClaimInvalid, ClaimsUnreadable
from tongban.population.simulate import simulate

DAY = date(2026, 7, 1)
GOOD = Claim(1, DAY, DAY)


def refusal(path: Path, pack: Pack) -> str:
    with pytest.raises((ClaimInvalid, ClaimsUnreadable)) as refused:
        simulate(path, pack, pack, threads=2, rows_max=4)
    return refused.value.sentence


@pytest.mark.parametrize(
    ("spoiled", "said"),
    [
        ({"insured_pool": "110000"}, "insured_pool 写了“110000”，只能是 140100"),
        ({"locality": "abroad"}, "locality 写了“abroad”，只能是 same_pool、in_province、cross_province"),
        ({"care_kind": "pharmacy"}, "care_kind 写了“pharmacy”"),
        ({"person_id": 3}, "person_id 是 3，上面是 5"),
        ({"settled_on": date(2026, 6, 30)}, "settled_on 是 2026-06-30，早于 admitted_on 的 2026-07-01"),
        (
            {"person_id": 5, "admitted_on": date(2026, 6, 1), "settled_on": date(2026, 6, 2)},
            "settled_on 是 2026-06-02，早于同一个人上一笔的 2026-07-01",
        ),
        ({"admitted_on": date(1999, 12, 31)}, "admitted_on 是 1999-12-31，只能在 2000-01-01 和 2099-12-31 之间"),
        ({"total_fen": -5}, "total_fen 是 -5，不能是负数"),
        ({"preselfpay_fen": -1}, "preselfpay_fen 是 -1，不能是负数"),
        (
            {"self_funded_fen": 600_000, "over_price_cap_fen": 500_001},
            "自费、超限价和先付的加起来是 1100001，比 total_fen 的 1100000 还多",
        ),
        ({"total_fen": PERSON_TOTAL_MAX_FEN + 1}, "的 total_fen 加起来超过了"),
    ],
)
@pytest.mark.parametrize("row_group", [1_000, 3])
def test_a_row_is_refused_with_its_place(
    tmp_path: Path, pack: Pack, spoiled: dict[str, Any], said: str, row_group: int
) -> None:
    claims = [GOOD._replace(person_id=person) for person in (1, 2, 3, 4, 5, 5, 6, 7, 8)]
    claims[6] = claims[6]._replace(**spoiled)
    text = refusal(write(tmp_path / "bills.parquet", claims, row_group, wide=True), pack)
    assert text.startswith("bills.parquet 第 7 行")
    assert said in text


def test_an_empty_cell_is_refused_with_its_place(tmp_path: Path, pack: Pack) -> None:
    table = pq.read_table(write(tmp_path / "good.parquet", [GOOD, GOOD, GOOD]))
    fields = [pa.field(each.name, each.type) for each in table.schema]
    at = table.schema.get_field_index("path")
    broken = pa.table(table.columns, schema=pa.schema(fields)).set_column(
        at, fields[at], pa.array(["home", None, "home"]).dictionary_encode().cast(fields[at].type)
    )
    pq.write_table(broken, tmp_path / "bills.parquet")
    assert refusal(tmp_path / "bills.parquet", pack) == "bills.parquet 第 2 行：path 是空的"


def test_all_wrong_columns_are_told_at_once(tmp_path: Path, pack: Pack) -> None:
    table = pq.read_table(write(tmp_path / "good.parquet", [GOOD]))
    table = table.drop_columns(["locality"])
    at = table.schema.get_field_index("total_fen")
    table = table.set_column(at, "total_fen", pa.array([1.5]))
    pq.write_table(table, tmp_path / "bills.parquet")
    text = refusal(tmp_path / "bills.parquet", pack)
    assert "缺少 locality" in text
    assert "total_fen 应该是 int32 或 int64，单位是分，现在是 double" in text


def test_what_is_no_claims_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClaimsUnreadable, match="没有找到"):
        open_claims(tmp_path / "nowhere.parquet")
    (tmp_path / "text.parquet").write_text("person_id\n1\n")
    with pytest.raises(ClaimsUnreadable, match="不是能读的 Parquet"):
        open_claims(tmp_path / "text.parquet")
    with pytest.raises(ClaimsUnreadable, match="一笔账单也没有"):
        open_claims(write(tmp_path / "empty.parquet", []))
    with pytest.raises(ClaimsUnreadable):
        open_claims(tmp_path)
