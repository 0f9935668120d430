"""The description keeps its word: whatever a caller sends, the API answers as described and never breaks.

A real server on a port of this machine, asked by schemathesis with what the description allows and what it does not.
"""

import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from tongban.app import create_app
from tongban.doors.api import OPERATIONS, law
from tongban.settings import Settings

EXAMPLES = 20
PROMISES = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def served(api_settings: Settings) -> Iterator[str]:
    """The address of the application, running in a thread of its own."""
    config = uvicorn.Config(create_app(api_settings), port=0, log_level="error", lifespan="on", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(law, "CALLS_PER_MINUTE_MAX", 1_000_000)
        thread.start()
        deadline = time.monotonic() + 30
        while not server.started:
            assert thread.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=30)


@pytest.fixture(scope="module")
def operations(served: str) -> dict[str, APIOperation]:
    described = schemathesis.openapi.from_url(f"{served}/api/openapi.json")
    described.validate()
    made = (each.ok() for each in described.get_all_operations())
    return {operation.definition.raw["operationId"]: operation for operation in made}


def test_the_requests_of_the_reference_run_as_they_stand(served: str) -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "law.md").read_text(encoding="utf-8")
    script = "\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL))
    done = subprocess.run(
        ["bash", "-c", "set -eu\n" + script.replace("\n\n", "\necho\n").replace('"\ncurl', '"\necho\ncurl')],
        env={"PATH": os.environ["PATH"], "BASE": served},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == script.count("curl ") == 8
    assert all(answer["version"] for answer in answers)


# An operation that takes nothing cannot be asked wrongly.
ASKED = [
    (operation.id, mode)
    for operation in OPERATIONS
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or operation.request or operation.parameters
]


@pytest.mark.parametrize(("name", "mode"), ASKED)
def test_an_operation_answers_as_described(
    operations: dict[str, APIOperation], name: str, mode: GenerationMode
) -> None:
    operation = operations[name]
    promises = PROMISES if mode is GenerationMode.POSITIVE else [*PROMISES, negative_data_rejection]

    @given(st.data())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    def ask(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy(generation_mode=mode))
        case.validate_response(case.call(), checks=promises)

    ask()
