"""What the guide tells a vendor to type works as it stands, and the reference names everything that is offered."""

import json
import os
import re
import subprocess
from pathlib import Path

from product_kit import World
from tongban.doors.cli.demo import CLIENTS_FILE
from tongban.doors.gateway import wire
from tongban.doors.gateway.signature import sign
from tongban.doors.gateway.transactions import TRANSACTIONS

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = (DOCS / "guides" / "hospital.md").read_text(encoding="utf-8")
REFERENCE = (DOCS / "reference" / "gateway.md").read_text(encoding="utf-8")


def test_the_commands_of_the_guide_run_as_they_stand(world: World) -> None:
    script = "set -eu\n" + "\n".join(re.findall(r"```bash\n(.*?)```", GUIDE, re.DOTALL))
    done = subprocess.run(
        ["bash", "-c", script],
        env={"PATH": os.environ["PATH"], "BASE": world.url, "CLIENTS": str(world.settings.var_dir / CLIENTS_FILE)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == 12
    # The one refusal is the message that was withdrawn before.
    refused = [answer["err_msg"] for answer in answers if answer["infcode"] != 0]
    assert len(refused) == 1
    assert "已经冲正" in refused[0]
    first, again = answers[6], answers[7]
    assert first["output"]["setlinfo"]["setl_id"] == again["output"]["setlinfo"]["setl_id"]


def test_the_reference_names_every_transaction_and_every_care_type() -> None:
    table = REFERENCE[REFERENCE.index("## 交易") : REFERENCE.index("### 代码")]
    assert {code for code in TRANSACTIONS if code not in table} == set()
    line = next(line for line in REFERENCE.splitlines() if line.startswith("| `med_type`"))
    assert set(re.findall(r"\d+", line)) == set(wire.CARE_TYPES)


def test_the_check_vector_of_the_reference_holds() -> None:
    assert sign("1700000000", "demo-secret", "abc123") in REFERENCE
