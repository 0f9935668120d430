"""The story that ships with the product, told by the command itself against a running server, twice."""

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from product_kit import running_world
from tongban.doors.cli.demo import CLIENTS_FILE
from tongban.people import demo_cast
from tongban.settings import Settings

if TYPE_CHECKING:
    from conftest import Databases

LI = next(person.person_id for person in demo_cast() if person.name == "李静")
TONGBAN = (sys.executable, "-c", "from tongban.doors.cli import main; main()")


def test_wang_xiuying_goes_to_beijing_and_is_told_why(databases: "Databases", tmp_path: Path) -> None:
    with databases.fresh() as urls:
        settings = Settings.from_env(
            {
                "TONGBAN_VAR": str(tmp_path / "var"),
                "TONGBAN_DEMO": "1",
                "TONGBAN_PORT": "0",
                "DATABASE_URL": urls.app,
                "TONGBAN_OWNER_DATABASE_URL": urls.owner,
            }
        )
        with running_world(settings, people=0) as world:
            first = tell(world.url, settings.var_dir / CLIENTS_FILE)
            assert "备案成功" in first
            filed = re.search(r"编号 (B\d+)", first)
            assert filed
            # A year's first stay: 1,000 yuan deductible, then 60 % of what the catalogue lets in, nothing taken off.
            assert "医保基金付 6,240.00 元" in first
            # The rest is hers; of it her daughter's account pays what it was shared for.
            assert "李静的个人账户付 500.00 元" in first
            assert "付现金 6,060.00 元" in first
            assert "用了 500.00 元" in first
            again = tell(world.url, settings.var_dir / CLIENTS_FILE)
            assert f"以前办过，还有效，编号 {filed[1]}" in again
            # A second stay pays half the deductible: 300 more from the pool. What she bore in scope in the year is
            # 5,160 + 4,860 by then, 20 above the threshold of critical-illness insurance, which pays 75 % of that.
            assert "医保基金付 6,555.00 元" in again
            assert "还能用 0.00 元" in again
            assert "李静的个人账户付 0.00 元" in again
            postings = world.query(
                "select amount_fen from account.posting where ledger_account = $1 order by entry_id", f"personal:{LI}"
            )
            assert [row["amount_fen"] for row in postings] == [328_650, -50_000]
            filings = world.query("select settlements_here from filing.filing")
            assert [row["settlements_here"] for row in filings] == [2]


def test_without_a_server_the_story_says_what_to_start(tmp_path: Path) -> None:
    clients = tmp_path / CLIENTS_FILE
    clients.write_text(
        '[{"account": "demo-beijing", "secret": "s", "institution_code": "H11010100001", "institution_name": "医院"}]'
    )
    with pytest.raises(subprocess.CalledProcessError) as stopped:
        tell("http://127.0.0.1:9", clients)
    assert stopped.value.returncode == 1
    assert "tongban run" in stopped.value.stderr
    assert "Traceback" not in stopped.value.stderr


def tell(url: str, clients: Path) -> str:
    done = subprocess.run(
        [*TONGBAN, "story", "--url", url, "--clients", str(clients)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={"PATH": "/usr/bin:/bin", "TONGBAN_DEMO": "1", "TONGBAN_VAR": str(clients.parent), "COLUMNS": "200"},
    )
    return done.stdout
