"""The rules of the house: imports run one way, and nobody reaches into another capability's tables."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "tongban"

MIGRATIONS = SOURCE / "infra" / "db" / "migrations"
SCHEMAS = frozenset(
    name
    for path in MIGRATIONS.glob("*.sql")
    for name in re.findall(r"^create schema (?:if not exists )?(\w+)", path.read_text(), re.I | re.M)
)
# A folder owns the tables of the schema that bears its name.
OWN = {schema: {schema} for schema in SCHEMAS} | {"infra": {"infra", "jobs"}, "doors/gateway": {"gateway"}}
# Whose published views a folder may read besides. Anything not listed here reads its own tables alone.
VIEWS_BELOW = {
    "materials": {"drafts"},
    "mutual_aid": {"people", "account"},
    "settlement": {"people", "directory", "filing", "account", "chronic"},
}

_TABLE = re.compile(rf"\b({'|'.join(sorted(SCHEMAS))})\.(\w+)")
_HOLDS_SQL = re.compile(r"(store(_\w+)?|fragments|stamps)\.py")
_STATEMENT = re.compile(
    r"\b(select\b.*\bfrom|insert\s+into|update\s+\S+\s+set|delete\s+from|create\s+(table|index|view))\b", re.I | re.S
)


def sql_in(path: Path) -> Iterator[str]:
    """Every text of a module that is SQL: a string with a statement in it, the pieces of an f-string joined."""
    tree = ast.parse(path.read_text())
    docstrings = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    pieces = {value for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for value in node.values}
    for node in ast.walk(tree):
        text = ""
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else " x " for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings | pieces:
            text = node.value
        if _STATEMENT.search(text):
            yield text


def capability(path: Path) -> str:
    """``filing`` or ``doors/gateway``: the folder whose rules hold for this module."""
    parts = path.relative_to(SOURCE).parts
    return "/".join(parts[:2]) if parts[0] == "doors" else parts[0]


def trespasses(folder: str, sql: str) -> list[str]:
    """Tables that `folder` must not name."""
    own, views = OWN.get(folder, set()), VIEWS_BELOW.get(folder, set())
    return [
        f"{schema}.{table}"
        for schema, table in _TABLE.findall(sql)
        if schema not in own and not (schema in views and table.startswith("v_"))
    ]


MODULES = sorted(SOURCE.rglob("*.py"))


def test_imports_run_one_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS


def test_sql_names_only_its_own_tables_and_the_views_of_those_below() -> None:
    found = {
        str(path.relative_to(SOURCE)): bad
        for path in MODULES
        if (bad := [name for sql in sql_in(path) for name in trespasses(capability(path), sql)])
    }
    assert found == {}


def test_the_list_of_views_that_are_read_holds_nothing_more() -> None:
    read: dict[str, set[str]] = {}
    for folder, sql in ((capability(path), sql) for path in MODULES for sql in sql_in(path)):
        views = {schema for schema, table in _TABLE.findall(sql) if table.startswith("v_")}
        if others := views - OWN.get(folder, set()):
            read.setdefault(folder, set()).update(others)
    assert read == VIEWS_BELOW


def test_sql_lives_in_stores() -> None:
    """A door or a service that speaks SQL is on its way into somebody's tables. Fragments that another capability puts
    into its own statement have a file of their own; `infra` is the store of its own rows."""
    found = [
        str(path.relative_to(SOURCE))
        for path in MODULES
        if capability(path) != "infra" and not _HOLDS_SQL.fullmatch(path.name) and any(sql_in(path))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("folder", "sql", "found"),
    [
        ("settlement", "select 1 from settlement.settlement s join people.v_enrollment e using (person_id)", []),
        (
            "filing",
            "select 1 from filing.filing f join people.v_enrollment e using (person_id)",
            ["people.v_enrollment"],
        ),
        ("filing", "select 1 from people.person", ["people.person"]),
        ("filing", "update settlement.v_anything set a = 1", ["settlement.v_anything"]),
        ("doors/portal", "select 1 from infra.session", ["infra.session"]),
        (
            "settlement",
            "with f as (select 1 from filing.v_filing) insert into account.entry select",
            ["account.entry"],
        ),
    ],
)
def test_a_trespass_is_found(folder: str, sql: str, found: list[str]) -> None:
    assert _STATEMENT.search(sql)
    assert trespasses(folder, sql) == found


def loose_words(path: Path) -> Iterator[str]:
    """What a module's SQL is put together from besides constants: names that are neither in capitals, nor of a class,
    nor bound in the same expression. What only chooses between two texts is no part of the statement."""
    tree = ast.parse(path.read_text())
    for text in ast.walk(tree):
        if not isinstance(text, ast.JoinedStr) or not _STATEMENT.search(ast.unparse(text)):
            continue
        choosing = {
            id(node) for choice in ast.walk(text) if isinstance(choice, ast.IfExp) for node in ast.walk(choice.test)
        }
        names = [node for node in ast.walk(text) if isinstance(node, ast.Name) and id(node) not in choosing]
        bound = {node.id for node in names if isinstance(node.ctx, ast.Store)} | {"enumerate"}
        yield from (node.id for node in names if not (_CONSTANT.fullmatch(node.id) or node.id in bound))


_CONSTANT = re.compile(r"_?[A-Z]\w*")
SAYS_SO = "# ruff: noqa: S608"


def test_statements_are_put_together_from_constants_only() -> None:
    """Of the stores that say so once at their head, instead of at every f-string."""
    stores = [path for path in MODULES if SAYS_SO in path.read_text()]
    assert stores
    assert {str(path.relative_to(SOURCE)): loose for path in stores if (loose := set(loose_words(path)))} == {}


def test_a_loose_word_is_found(tmp_path: Path) -> None:
    store = tmp_path / "store.py"
    store.write_text('f"select a from t where b = {name} {_LIST} {X if y else Z} {[n for n in COLUMNS]}"')
    assert list(loose_words(store)) == ["name"]
