"""People with phones, messages to them, and a provider of SMS that answers as it is told."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tongban.infra.crypto import Vault
from tongban.infra.db import Db
from tongban.notices import Never, NoticeKind, NotNow, ProviderReceipt, post

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)  # ten in the morning in China
LI, WANG = 100000000000017, 100000000000025
PHONE = "13800000001"


async def add_person(owner_db: Db, vault: Vault, person_id: int = LI, phone: str = PHONE) -> None:
    await owner_db.execute(
        """insert into people.person (person_id, name, is_male, birth_date, id_number_enc, phone_enc)
           values ($1, '李建国', true, $2, $3, $4)""",
        person_id,
        date(1955, 3, 7),
        vault.seal("140105195503070018", "person.id_number"),
        vault.seal(phone, "person.phone") if phone else None,
    )


async def tell(db: Db, person_id: int = LI, title: str = "备案办好了", **more: Any) -> None:
    given: dict[str, Any] = {
        "kind": NoticeKind.FILING,
        "subject": "B1",
        "body": "从今天起，去北京看病能直接结算。",
        "link": "/filing/records/B1",
        "now": NOW,
    }
    await post(db, person_id=person_id, title=title, **(given | more))


@dataclass
class Answering:
    """A messenger with recorded answers, in turn; the last one is given again and again."""

    answers: list[ProviderReceipt | NotNow | Never]
    sent: list[tuple[str, str, str, str]] = field(default_factory=list)

    async def send(self, to: str, text: str, ref: str, link: str = "") -> ProviderReceipt:
        self.sent.append((to, text, ref, link))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Provider:
    """An SMS provider over HTTP: what it was asked, and how it answers. `seconds` is how long it thinks."""

    url: str = ""
    key: str = "provider-key"
    seconds: float = 0.0
    status: int = 200
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def times_asked(self) -> Counter[str]:
        return Counter(request["ref"] for request in list(self.asked))


@contextmanager
def provider() -> Iterator[Provider]:
    """In a thread, on a port of its own."""
    told = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.headers.append({name.lower(): value for name, value in self.headers.items()})
            told.asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            number = len(told.asked)
            time.sleep(told.seconds)
            body = json.dumps({"id": f"sms-{number}"}).encode() if told.status == 200 else b"busy"
            try:
                self.send_response(told.status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass  # whoever asked was killed, which is what some tests do

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.url = f"http://127.0.0.1:{server.server_address[1]}/sms"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield told
    server.shutdown()
    server.server_close()
    thread.join()
