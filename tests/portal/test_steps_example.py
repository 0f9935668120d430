"""The example that explains the step machine is a flow: it is taken out of its text, run, and walked through."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from jinja2 import ChoiceLoader, DictLoader
from litestar import Litestar
from portal_kit import Browser

from bills_kit import WANG
from tongban import drafts
from tongban.doors.portal import page, steps
from tongban.doors.portal.papers import Slot
from tongban.kernel.errors import Refusal
from tongban.kernel.identifiers import MATERIAL, OutsideNumber
from tongban.materials import MaterialKind

TEMPLATES = {
    "tea/kind.html": """{% extends "steps/_step.html" %}{% block question %}喝什么茶？{% endblock %}
        {% block fields %}{{ m.text("tea", "茶", values, problems) }}{% endblock %}""",
    "tea/done.html": """{% extends "_base.html" %}{% block title %}茶{% endblock %}
        {% block main %}<h1>茶来了 {{ number }}</h1>{% endblock %}""",
}
COMMITMENT = """
dated: 2026-11-22
title: 喝茶承诺书
points: [{zh: "我自己喝{tea}。"}]
paragraphs: [{zh: "这杯{tea}是我要的。"}]
"""
# What the two modules of the example would import.
IMPORTS = """
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from litestar import Response, post
from tongban.doors.http import Request, RouteDb, see_other
from tongban.doors.portal.page import page
from tongban.doors.portal.steps import *
from tongban.drafts import Draft
from tongban.infra.db import Db
from tongban.kernel.errors import Refusal
from tongban.signing import *
"""


class AnswerMissing(Refusal):
    code = "tea_answer_missing"


class Facts(NamedTuple):
    sha256_of_papers: Mapping[str, str]
    signer_name: str


async def order_tea(db: Any, vault: Any, *, person_id: int, draft_id: UUID, channel: str, now: Any) -> None:
    assert channel == "portal"
    async with drafts.handing_in(db, vault, person_id=person_id, draft_id=draft_id, now=now) as draft:
        if not draft.outcome:
            await drafts.finish(db, draft, "T1", now)


@pytest.fixture
def tea_house(app: Litestar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Litestar:
    """The application with both halves of the example as they stand in the text. The text leaves open where facts
    come from; the rest of what is named in it comes from here."""
    blocks = re.findall(r"::\n\n((?: {4}.*\n|\n)+)", steps.__doc__ or "")
    assert len(blocks) == 2
    file = tmp_path / "tea.yaml"
    file.write_text(COMMITMENT, encoding="utf-8")
    house: dict[str, Any] = {
        "__name__": __name__,
        "TEAS": ("绿茶", "花茶"),
        "FILE": file,
        "AnswerMissing": AnswerMissing,
        "Facts": Facts,
        "TeaAnswers": object,
        "order_tea": order_tea,
        "slots": lambda run: [Slot("front", MaterialKind.ID_CARD_FRONT, is_needed=True)],
    }
    exec(IMPORTS, house)  # noqa: S102
    for block in blocks:
        exec("\n".join(line[4:] for line in block.splitlines()), house)  # noqa: S102 - our own documentation

    async def read(request: Any, db: Any, draft: drafts.Draft) -> Any:
        return house["read_draft"](draft, Facts(dict(draft.papers), "王秀英"))

    house["TEA"] = replace(house["TEA"], read=read)
    for handler in (house["start"], *steps.routes(house["TEA"])):
        app.register(handler)
    environment = page._environment()
    assert environment.loader is not None
    monkeypatch.setattr(environment, "loader", ChoiceLoader([environment.loader, DictLoader(TEMPLATES)]))
    return app


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([0-9a-f]+)"', text)
    assert found, text
    return found[1]


async def test_the_example_is_a_flow(tea_house: Litestar, visitor: Browser) -> None:
    state = tea_house.state
    await visitor.sign_in("wang_xiuying")
    await visitor.get("/filing")
    shown = await visitor.follow(await visitor.post("/tea/start"))
    draft, _, step = shown.url.path.rpartition("/")
    assert step == "kind"
    assert (await visitor.post(f"{draft}/kind", {"tea": "咖啡"})).status_code == 422
    assert "请选一种茶" in visitor.page
    shown = await visitor.follow(await visitor.post(f"{draft}/kind", {"tea": "绿茶"}))
    assert shown.url.path == f"{draft}/photos"
    assert (await visitor.post(f"{draft}/photos")).status_code == 422
    assert 'href="#front"' in visitor.page
    async with state.pool.acquire() as db:
        await drafts.save_paper(
            db,
            state.vault,
            person_id=WANG,
            draft_id=UUID(draft.rpartition("/")[2]),
            slot="front",
            material_number=str(OutsideNumber(MATERIAL, WANG, 1)),
            now=state.clock(),
        )
    shown = await visitor.follow(await visitor.post(f"{draft}/photos"))
    assert "要喝的茶" in shown.text
    shown = await visitor.follow(
        await visitor.post(f"{draft}/review", {"confirmed": hidden(visitor.page, "confirmed")})
    )
    assert "我自己喝绿茶" in shown.text
    signed = {"agree": "1", "typed": "王秀英", "signed_hash": hidden(visitor.page, "signed_hash")}
    for _ in range(2):
        shown = await visitor.follow(await visitor.post(f"{draft}/sign", signed))
        assert shown.url.path == f"{draft}/done"
        assert "茶来了 T1" in shown.text
        await visitor.get("/filing")
