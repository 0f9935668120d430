"""The cases beside the policies: what an official worked out by hand, and whether the law as loaded says the same.

A case is a bill with the amounts expected of it, a question with the row expected to answer it, or a parameter with the
value expected to be in force. Amounts are in yuan there, as people write them; `docs/reference/policies.md` describes
the format.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from tongban.kernel.money import fen_from_yuan, percent, yuan
from tongban.kernel.vocabulary import Confidence
from tongban.law.assess import assess, recompute
from tongban.law.errors import CaseRefused, PolicyError
from tongban.law.explaining.registry import FIELDS
from tongban.law.loading.reading import Faults, Node, read_yaml
from tongban.law.model import CASE_TYPES, CASE_WORDS, Assessment, Case, UsedValue
from tongban.law.pack import Pack, Row
from tongban.law.parameters import KEY_WORDS, PARAMETERS, SPECIALS
from tongban.law.tables import TABLES

_BILL = ("total", "self_funded", "over_price_cap", "preselfpay")
_PARTS = ("self_funded_fen", "over_price_cap_fen", "preselfpay_fen")
# Where the name in a case file is shorter than the field's.
_SHORT = {"critical_illness_before_fen": "critical_before"}
_CARE_DAYS = ("admitted_on", "visited_on")
_MAY_BE_LEFT_OUT = ("treatment_pool",)
VALUE = "value"  # the rule of a file whose cases look up parameters
_NOTHING = "none"


class TableQuestion(NamedTuple):
    """A question put to a decision table; `inputs` in the table's order."""

    table: str
    insured_pool: str
    inputs: tuple[str, ...]
    on: date
    treatment_pool: str


class ValueQuestion(NamedTuple):
    """Which value of a parameter is in force for a key on a day."""

    parameter: str
    insured_pool: str
    key: tuple[str, ...]
    on: date


@dataclass(frozen=True, slots=True)
class Expected:
    """What the case says should come out. Amounts by field of the breakdown, in fen, basis points or as a count; a
    value looked up as it is written, because only the pack knows its unit."""

    amounts: Mapping[str, int]
    undetermined: tuple[str, ...] | None
    outcome: str
    row: str
    value: str
    confidence: str


@dataclass(frozen=True, slots=True)
class PolicyCase:
    """One case. `choices` are readings it is run under, instead of those that hold in the pack."""

    file: str
    title: str
    article: str
    rule: str
    asked: Case | TableQuestion | ValueQuestion
    choices: Mapping[str, str]
    expected: Expected


@dataclass(frozen=True, slots=True)
class CaseFile:
    name: str
    title: str
    rule: str
    cases: tuple[PolicyCase, ...]


Answer: TypeAlias = Assessment | Row | UsedValue | None


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came out: `differences` says in words where it is not what the case expects; empty if all is as written."""

    case: PolicyCase
    answer: Answer
    differences: tuple[str, ...]

    @property
    def is_as_expected(self) -> bool:
        return not self.differences


# -- reading --------------------------------------------------------------------------------------------------------


def read_cases(*folders: Path) -> list[CaseFile]:
    """Every case file in a `cases` folder below `folders`, in order of their names.

    Raises PolicyError with all problems: file, case and key.
    """
    faults = Faults()
    made = [
        _read_file(Node(read_yaml(path, name, faults), name, faults))
        for folder in folders
        for path in sorted(folder.rglob("cases/*.yaml"))
        for name in [path.relative_to(folder).as_posix()]
    ]
    if faults.problems:
        raise PolicyError(list(dict.fromkeys(faults.problems)))
    return made


def _read_file(node: Node) -> CaseFile:
    title = node.text("title")
    rule = node.one_of("rule", (*CASE_TYPES, *TABLES, VALUE))
    defaults = node.raw("defaults") or {}
    if not isinstance(defaults, dict):
        node.fault("defaults 要写成“名称: 内容”的形式")
        defaults = {}
    cases = []
    if rule:
        for child in node.children("cases", lambda item, _: f"算例 {item.get('title')}"):
            merged = Node(defaults | child.data, child.where, child.faults)
            cases.append(_reader(rule)(merged, rule))
            merged.done()
        if not cases:
            node.fault("没有一个算例")
    node.raw("cases")
    node.done()
    return CaseFile(node.where, title, rule, tuple(case for case in cases if case is not None))


def _reader(rule: str) -> Callable[[Node, str], PolicyCase | None]:
    if rule in CASE_TYPES:
        return _read_bill
    return _read_look_up if rule == VALUE else _read_question


def _read_bill(node: Node, rule: str) -> PolicyCase | None:
    kind = CASE_TYPES[rule]
    before = len(node.faults.problems)
    made: dict[str, Any] = {"settled_on": node.must_day("settled_on")}
    for name in kind._fields:
        if name in CASE_WORDS:
            words = {str(word): word for vocabulary in CASE_WORDS[name] for word in vocabulary}
            default = kind._field_defaults.get(name)
            made[name] = words.get(node.one_of(name, words, default=None if default is None else str(default)))
        elif name in _CARE_DAYS:
            made[name] = node.day(name, default=made["settled_on"])
        elif kind.__annotations__[name] is str:
            made[name] = node.text(name, default="" if name in _MAY_BE_LEFT_OUT else None)
    made |= _read_amounts(node.child("bill"), kind)
    standing = _read_standing(node)
    is_open = "undetermined" in node
    expected = Expected(
        amounts={} if is_open else _read_expected(node.child("expect"), rule),
        undetermined=node.texts("undetermined") if is_open else None,
        outcome="",
        row="",
        value="",
        confidence=node.one_of("confidence", tuple(Confidence), default=""),
    )
    if len(node.faults.problems) > before:
        return None
    return PolicyCase(*standing[:3], rule, kind(**made), standing[3], expected)


def _read_standing(node: Node) -> tuple[str, str, str, Mapping[str, str]]:
    choices = node.child("choices") if "choices" in node else None
    return (
        node.where.split(": ")[0],
        node.text("title"),
        node.text("article"),
        {key: choices.text(key) for key in choices.data} if choices else {},
    )


def _read_amounts(node: Node, kind: type[Case]) -> dict[str, int]:
    """The five amounts and what the year held before; what is in scope is what the other parts leave of the total."""
    total, *parts = (_fen(node, name, default=None if name == "total" else 0) for name in _BILL)
    made = dict(zip(_PARTS, parts, strict=True)) | {"total_fen": total, "in_scope_fen": total - sum(parts)}
    for name in kind._fields:
        if name == "stays_before":
            made[name] = _count(node, name)
        elif kind.__annotations__[name] is int and name not in made:
            made[name] = _fen(node, _SHORT.get(name, name.removesuffix("_fen")), default=0)
    node.done()
    return made


def _fen(node: Node, name: str, default: int | None) -> int:
    raw = node.raw(name)
    if raw is None and default is not None:
        return default
    # A float would have lost its last decimal, or grown some, before it is read: amounts with jiao and fen are quoted.
    if isinstance(raw, str) or (isinstance(raw, int) and not isinstance(raw, bool)):
        try:
            return fen_from_yuan(str(raw))
        except ValueError:
            pass
    node.fault(f"{name} 要写成元，带角分的加引号，现在是 {raw!r}")
    return 0


def _count(node: Node, name: str) -> int:
    raw = node.raw(name)
    if raw is None:
        return 0
    if isinstance(raw, int) and not isinstance(raw, bool) and raw >= 0:
        return raw
    node.fault(f"{name} 要写成次数，现在是 {raw!r}")
    return 0


def _read_expected(node: Node, rule: str) -> dict[str, int]:
    known = _breakdown_names(rule)
    made = {}
    for name in node.data:
        field = known.get(name)
        if field is None:
            node.fault(f"{name} 不是算出来的数，只能是 {'、'.join(known)}")
        elif field.endswith("_bp"):
            made[field] = _basis_points(node, name)
        else:
            made[field] = _fen(node, name, default=None) if field.endswith("_fen") else _count(node, name)
    if not node.data:
        node.fault("没有写该算出什么")
    return made


def _basis_points(node: Node, name: str) -> int:
    text = str(node.raw(name))
    try:
        if text.endswith("%"):
            return fen_from_yuan(text.removesuffix("%"))
    except ValueError:
        pass
    node.fault(f"{name} 要写成百分数，如 60%，现在是 {text}")
    return 0


def _breakdown_names(rule: str) -> dict[str, str]:
    return {field.removesuffix("_fen").removesuffix("_bp"): field for field in FIELDS[rule]}


def _read_question(node: Node, rule: str) -> PolicyCase | None:
    before = len(node.faults.problems)
    inputs = []
    for name, values in TABLES[rule].inputs.items():
        given = node.texts(name, words=values)
        if len(given) != 1:
            node.fault(f"{name} 要写一个词，只能是 {'、'.join(values)}")
        inputs.append("".join(given[:1]))
    # Not `on`: unquoted, that word is YAML's yes.
    asked_on, place = node.must_day("asked_on"), node.text("treatment_pool", default="")
    question = TableQuestion(rule, node.text("insured_pool"), tuple(inputs), asked_on, place)
    standing = _read_standing(node)
    expected = Expected(
        amounts={},
        undetermined=None,
        outcome=node.one_of("outcome", TABLES[rule].outcomes),
        row=node.text("row", default=""),
        value="",
        confidence=node.one_of("confidence", tuple(Confidence), default=""),
    )
    if len(node.faults.problems) > before:
        return None
    return PolicyCase(*standing[:3], rule, question, standing[3], expected)


def _read_look_up(node: Node, rule: str) -> PolicyCase | None:
    before = len(node.faults.problems)
    parameter = node.one_of("parameter", tuple(PARAMETERS))
    key = node.texts("key")
    names = PARAMETERS.get(parameter, ())
    if len(key) != len(names) or any(word not in KEY_WORDS[name] for name, word in zip(names, key, strict=False)):
        node.fault(f"key 要按次序写 {'、'.join(names)}，现在是 {'、'.join(key)}")
    question = ValueQuestion(parameter, node.text("insured_pool"), key, node.must_day("asked_on"))
    standing = _read_standing(node)
    raw = node.raw("value")
    if not isinstance(raw, str | int):
        node.fault(f"value 要写成元、百分数或 {_NOTHING}，现在是 {raw!r}")
    confidence = node.one_of("confidence", tuple(Confidence), default="")
    expected = Expected({}, None, "", "", str(raw), confidence)
    if len(node.faults.problems) > before:
        return None
    return PolicyCase(*standing[:3], rule, question, standing[3], expected)


# -- running --------------------------------------------------------------------------------------------------------


def with_readings(pack: Pack, choices: Mapping[str, str]) -> Pack:
    """The same law as if every region had chosen these readings. Raises PolicyError for one that is not recorded."""
    problems = []
    for conflict, reading in choices.items():
        record = pack.conflicts.get(conflict)
        if record is None:
            problems.append(f"冲突 {conflict} 没有登记在 conflicts.yaml")
        elif reading not in {each.id for each in record.readings}:
            problems.append(f"冲突 {conflict} 没有“{reading}”这种读法")
        elif record.is_settled:
            problems.append(f"冲突 {conflict} 已经定了，不能再换读法")
    if problems:
        raise PolicyError(problems)
    scopes = {code: replace(scope, choices={**scope.choices, **choices}) for code, scope in pack.scopes.items()}
    # The caches hold what the other readings say.
    emptied = {each.name: each.default_factory() for each in fields(pack) if each.default_factory is not MISSING}
    named = "".join(f"+{conflict}={reading}" for conflict, reading in sorted(choices.items()))
    return replace(pack, version=pack.version + named, scopes=scopes, **emptied)


def run(pack: Pack, case: PolicyCase) -> CaseResult:
    """What the law says of the case, compared with what the case expects."""
    try:
        law = with_readings(pack, case.choices) if case.choices else pack
        if isinstance(case.asked, TableQuestion):
            return _run_question(law, case, case.asked)
        if isinstance(case.asked, ValueQuestion):
            return _run_look_up(law, case, case.asked)
        return _run_bill(law, case, assess(law, case.asked))
    except PolicyError as error:
        return CaseResult(case, None, tuple(error.problems))
    except CaseRefused as error:
        return CaseResult(case, None, (error.sentence,))


def _run_bill(pack: Pack, case: PolicyCase, made: Assessment) -> CaseResult:
    expected, differences = case.expected, []
    if made.breakdown is None:
        assert made.undetermined is not None
        missing = made.undetermined.missing
        if expected.undetermined is None:
            differences.append(f"算例写了数，算出来是没有查到：{'、'.join(missing)}")
        elif expected.undetermined != missing:
            differences.append(f"缺的应该是 {'、'.join(expected.undetermined)}，算出来缺 {'、'.join(missing)}")
    elif expected.undetermined is not None:
        differences.append("算例写的是没有查到，可是算出了数")
    else:
        amounts = made.breakdown._asdict()
        differences += [
            f"{field.removesuffix('_fen').removesuffix('_bp')} 应该是 {_shown(field, wanted)}，"
            f"算出来是 {_shown(field, amounts[field])}"
            for field, wanted in expected.amounts.items()
            if amounts[field] != wanted
        ]
        if recompute(pack, made.record()).breakdown != made.breakdown:
            differences.append("存下来再算一遍，和这次不一样")
    differences += _confidence_difference(expected, str(made.confidence))
    return CaseResult(case, made, tuple(differences))


def _run_question(pack: Pack, case: PolicyCase, asked: TableQuestion) -> CaseResult:
    row = pack.row(asked.insured_pool, asked.table, asked.inputs, asked.on, asked.treatment_pool)
    expected = case.expected
    if row is None:
        return CaseResult(case, None, (f"{asked.on} 没有一行说到",))
    differences = []
    if row.outcome != expected.outcome:
        differences.append(f"outcome 应该是 {expected.outcome}，查出来是 {row.outcome}（{row.id}）")
    if expected.row and row.id != expected.row:
        differences.append(f"应该落在 {expected.row}，落在了 {row.id}")
    differences += _confidence_difference(expected, str(row.confidence))
    return CaseResult(case, row, tuple(differences))


def _run_look_up(pack: Pack, case: PolicyCase, asked: ValueQuestion) -> CaseResult:
    found = pack.value(asked.insured_pool, asked.parameter, asked.key, asked.on)
    wanted = case.expected.value
    if found is None:
        return CaseResult(case, None, () if wanted == _NOTHING else (f"value 应该是 {wanted}，可是没有查到",))
    unit = pack.definitions[asked.parameter].unit
    differences = []
    if wanted == _NOTHING:
        differences.append(f"应该没有查到，可是有 {_written(unit, found.value)}")
    elif _number(unit, wanted) != found.value:
        differences.append(f"value 应该是 {wanted}，查出来是 {_written(unit, found.value)}")
    differences += _confidence_difference(case.expected, str(found.confidence))
    return CaseResult(case, found, tuple(differences))


def _number(unit: str, written: str) -> int | None:
    """What a value is in its parameter's unit; None for what cannot be one."""
    if (unit, written) in SPECIALS:
        return SPECIALS[unit, written]
    if unit == "flag":
        return {"True": 1, "False": 0}.get(written)
    if unit == "bp" and not written.endswith("%"):
        return None
    try:
        return fen_from_yuan(written.removesuffix("%")) if unit in ("fen", "bp") else int(written)
    except ValueError:
        return None


def _written(unit: str, value: int) -> str:
    special = next((word for (of, word), number in SPECIALS.items() if of == unit and number == value), None)
    return special or (yuan(value) if unit == "fen" else percent(value) if unit == "bp" else str(value))


def _confidence_difference(expected: Expected, confidence: str) -> list[str]:
    if expected.confidence in ("", confidence):
        return []
    return [f"confidence 应该是 {expected.confidence}，实际是 {confidence}"]


def _shown(field: str, value: int) -> str:
    return yuan(value) if field.endswith("_fen") else percent(value) if field.endswith("_bp") else str(value)
