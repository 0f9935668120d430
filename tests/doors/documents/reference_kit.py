"""The tables of docs/reference/law.md, made from the code.

``TONGBAN_WRITE_DOCS=1 pytest tests/doors/documents/test_documents_reference.py`` writes them into the page.
"""

import re
from collections.abc import Iterable
from typing import Any

from tongban.doors.api import OPERATIONS
from tongban.doors.api.advice import ADVICE_FORM, ESTIMATE_FORM
from tongban.doors.api.openapi import answer_fields
from tongban.doors.api.problems import CODES
from tongban.doors.documents import CASE_FORM, QUESTION_FORM, RULES_ZH, Field, Form
from tongban.law import BREAKDOWN_TYPES

_BLOCK = re.compile(r"(<!-- (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def filled(page: str) -> str:
    """The page with every generated block as the code has it now."""
    made = {
        "operations": operations(),
        "codes": codes(),
        "questions": questions(),
        "cases": cases(),
        "answers": answers(),
    }
    return _BLOCK.sub(lambda found: f"{found[1]}{made[found[2]]}\n{found[4]}", page)


def operations() -> str:
    rows = []
    for each in OPERATIONS:
        parameters = "、".join(f"`{parameter.name}`" for parameter in each.parameters)
        rows.append((f"`{each.method.upper()} {each.path}`", each.zh, parameters, each.answer))
    return table(("接口", "做什么", "网址里", "回答"), rows)


def codes() -> str:
    return table(("code", "HTTP", "意思"), ((f"`{kind.code}`", kind.status, told) for kind, told in CODES.items()))


def questions() -> str:
    named = (
        ("要不要先备案（`decide`）", QUESTION_FORM),
        ("出门看病前问三句（`advise`）", ADVICE_FORM),
        ("几种去法各付多少（`estimate`）", ESTIMATE_FORM),
    )
    return "\n\n".join(f"### {title}\n\n{_fields(form, '')}" for title, form in named)


def cases() -> str:
    return "\n\n".join(f"### `{rule}` {RULES_ZH[rule]}\n\n{_fields(CASE_FORM, rule)}" for rule in CASE_FORM.shapes)


def answers() -> str:
    """Every field of every answer once, then which of them each breakdown has."""
    rows = ((f"`{name}`", label.zh, label.note) for name, label in answer_fields().items())
    by_rule = ((f"`{rule}`", "、".join(f"`{name}`" for name in kind._fields)) for rule, kind in BREAKDOWN_TYPES.items())
    return f"{table(('字段', '意思', '说明'), rows)}\n\n{table(('rule', 'breakdown 里的数，按算的次序'), by_rule)}"


def _fields(form: Form, rule: str) -> str:
    rows = []
    for field in form.shapes[rule].fields:
        need = "必填" if field.is_required else "可不写"
        rows.append((f"`{field.name}`", field.label.zh, need, _content(field)))
    return table(("字段", "意思", "", "内容"), rows)


def _content(field: Field) -> str:
    words = "，".join(f"`{text}` {word.zh}" for text, word in field.words.items())
    told = words or field.kind.value
    return f"{told}。{field.label.note}" if field.label.note else told


def table(heads: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    names = list(heads)
    lines = [names, ["---"] * len(names), *([str(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
