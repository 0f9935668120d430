"""Bytes of a JSON document to one of the law's own values, or to every reason why not.

Read twice at most: compiled by msgspec, which takes a right document in about a microsecond and says nothing useful of
a wrong one; and, only when it refused, field by field, which says in words what is wrong with each.
"""

from collections.abc import Callable, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, Literal, NoReturn

import msgspec

from tongban.doors.documents import errors
from tongban.doors.documents.labels import RULES_ZH
from tongban.doors.documents.shape import PLACE_LENGTH, TEXT_LENGTH_MAX, Field, Kind, Shape, label_of, shape_of
from tongban.kernel.errors import Invalid, Refusal
from tongban.kernel.money import yuan
from tongban.law import errors as law_errors

RULE = "rule"
_SEEN_LENGTH_MAX = 40
_DAY_LENGTH = 10
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Form:
    """What may be written at one place: documents of one shape, or of several told apart by their `rule`.

    `shapes` are listed by rule; a single shape stands under "" and its documents have no such field.
    """

    def __init__(self, types: Mapping[str, type[Any]] | type[Any]) -> None:
        by_rule = types if isinstance(types, Mapping) else {"": types}
        self.shapes: Mapping[str, Shape] = {rule: shape_of(made) for rule, made in by_rule.items()}
        structs = [_struct(shape, rule) for rule, shape in self.shapes.items()]
        self._makers: dict[type[msgspec.Struct], Callable[[msgspec.Struct], Any]] = {
            struct: _maker(shape) for struct, shape in zip(structs, self.shapes.values(), strict=True)
        }
        union: Any = structs[0]
        for struct in structs[1:]:
            union |= struct
        self._decode = msgspec.json.Decoder(union).decode

    def read(self, text: bytes) -> Any:
        """The value in `text`. Raises DocumentMalformed, or Invalid with one problem for each field that is wrong."""
        try:
            document = self._decode(text)
        except _UNREADABLE:
            self._refuse(text)
        return self._makers[type(document)](document)

    def _refuse(self, text: bytes) -> NoReturn:
        raw = plain_object(text)
        problems = list(self._problems(raw))
        if not problems:
            raise errors.DocumentMalformed("这份内容读不懂，请对照接口说明检查每个字段")
        raise Invalid(problems)

    def _problems(self, raw: Mapping[str, Any]) -> list[Refusal]:
        known = [] if "" in self.shapes else [RULE]
        rule = raw.get(RULE) if known else ""
        if not isinstance(rule, str) or rule not in self.shapes:
            return [_unknown_rule(raw, list(self.shapes))]
        fields = self.shapes[rule].by_name
        known += fields
        problems: list[Refusal] = [_unknown_field(name, known) for name in raw if name not in known]
        for name, field in fields.items():
            if name not in raw:
                if field.is_required:
                    problems.append(law_errors.FieldMissing(f"缺少 {name}（{field.label.zh}）", field=name))
            elif (problem := problem_of(field, raw[name])) is not None:
                problems.append(problem)
        return problems


def plain_object(text: bytes) -> dict[str, Any]:
    """The JSON object in `text`. Raises DocumentMalformed for anything else."""
    try:
        raw = msgspec.json.decode(text)
    except RecursionError:
        raise errors.DocumentMalformed("JSON 一层套一层太深了，读不懂") from None
    except UnicodeDecodeError:
        raise errors.DocumentMalformed("不是 UTF-8 编码，请改成 UTF-8 再发") from None
    except msgspec.DecodeError as error:
        # Msgspec names the byte, not the content.
        place = str(error).rpartition("(byte ")[2].rstrip(")")
        at = f"，第 {int(place) + 1} 个字节附近有错" if place.isdigit() else "，好像没有写完"
        raise errors.DocumentMalformed(f"不是合格的 JSON{at}") from None
    if not isinstance(raw, dict):
        raise errors.DocumentMalformed("最外层要是一个对象：{" + '"名称": 内容, …}')
    return raw


def problem_of(field: Field, value: object) -> Refusal | None:
    """What is wrong with the value of one field, if anything."""
    if value is None:
        return None if field.may_be_null else _wrong_type(field, value)
    return _CHECKS[field.kind](field, value)


def read_day(text: str, name: str) -> date:
    """A date written 2026-11-20 and no other way. Raises DayUnreadable."""
    try:
        # `fromisoformat` also reads 20261120 and week dates, which the fast reader does not.
        if len(text) == _DAY_LENGTH and text[4] + text[7] == "--":
            return date.fromisoformat(text)
    except ValueError:
        pass
    told = f"{name}（{label_of(name).zh}）要写成 2026-11-20 这样的日期，“{seen(text)}”不是"
    raise law_errors.DayUnreadable(told, field=name)


def seen(value: object) -> str:
    """A value as a sentence quotes it: short, on one line."""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode(errors="replace")
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= _SEEN_LENGTH_MAX else text[: _SEEN_LENGTH_MAX - 1] + "…"


def words_of(field: Field) -> str:
    """``employee（职工医保）、resident（居民医保）``."""
    return "、".join(f"{word.value}（{word.zh}）" for word in field.words.values())


def _struct(shape: Shape, rule: str) -> type[msgspec.Struct]:
    """The compiled twin of a shape."""
    made: list[Any] = []
    for field in shape.fields:
        hint: Any = _hint(field)
        if field.may_be_null:
            hint = hint | None
        made.append((field.name, hint) if field.is_required else (field.name, hint, field.default))
    return msgspec.defstruct(
        shape.made.__name__,
        made,
        forbid_unknown_fields=True,
        frozen=True,
        gc=False,
        tag_field=RULE if rule else None,
        tag=rule or None,
    )


def _maker(shape: Shape) -> Callable[[msgspec.Struct], Any]:
    """From the compiled twin to the law's own value."""
    made, astuple = shape.made, msgspec.structs.astuple
    mixed = [
        (place, field.words)
        for place, field in enumerate(shape.fields)
        if len({type(word) for word in field.words.values()}) > 1
    ]

    def make(document: msgspec.Struct) -> Any:
        return made(*astuple(document))

    def make_mixed(document: msgspec.Struct) -> Any:
        values = list(astuple(document))
        for place, words in mixed:
            values[place] = words[values[place]]
        return made(*values)

    return make_mixed if mixed else make


def _hint(field: Field) -> Any:
    match field.kind:
        case Kind.AMOUNT | Kind.COUNT | Kind.RATE:
            return Annotated[int, msgspec.Meta(ge=0, le=field.maximum)]
        case Kind.DAY:
            return date
        case Kind.FLAG:
            return bool
        case Kind.WORD:
            vocabularies = {type(word) for word in field.words.values()}
            # Msgspec tells no two vocabularies apart; their words come as texts and `_maker` finds the word.
            return vocabularies.pop() if len(vocabularies) == 1 else Literal[tuple(field.words)]
        case Kind.PLACE:
            return Annotated[str, msgspec.Meta(pattern=rf"^([0-9]{{{PLACE_LENGTH}}})?\Z")]
        case Kind.POOL | Kind.TEXT:
            return Annotated[str, msgspec.Meta(max_length=TEXT_LENGTH_MAX)]


def _unknown_rule(raw: Mapping[str, Any], rules: list[str]) -> Refusal:
    allowed = f"能算的有 {'、'.join(f'{rule}（{RULES_ZH.get(rule, rule)}）' for rule in rules)}"
    if RULE not in raw:
        return law_errors.FieldMissing(f"缺少 {RULE}（规则）：{allowed}", field=RULE)
    if not isinstance(raw[RULE], str):
        return errors.FieldType(f"{RULE} 要写成文本，现在是 {seen(raw[RULE])}：{allowed}", field=RULE)
    return law_errors.RuleUnknown(f"{RULE} 写了“{seen(raw[RULE])}”，{allowed}", field=RULE)


def _unknown_field(name: str, known: list[str]) -> Refusal:
    close = get_close_matches(name[:_SEEN_LENGTH_MAX], known, n=1)
    hint = f"是不是 {close[0]}？" if close else f"可以写的有 {'、'.join(known)}"
    return law_errors.FieldUnknown(f"不认识的字段“{seen(name)}”：{hint}", field=seen(name))


def _wrong_type(field: Field, value: object) -> Refusal:
    return errors.FieldType(
        f"{field.name}（{field.label.zh}）要写成{_WANTED[field.kind]}，现在是 {seen(value)}", field=field.name
    )


_WANTED = {
    Kind.AMOUNT: "整数，单位是分，不加引号",
    Kind.COUNT: "整数，不加引号",
    Kind.RATE: "整数，单位是万分之一，不加引号",
    Kind.FLAG: " true 或 false，不加引号",
    Kind.DAY: " 2026-11-20 这样的文本",
    Kind.WORD: "文本",
    Kind.POOL: "文本，六位代码",
    Kind.PLACE: "文本，六位代码",
    Kind.TEXT: "文本",
}


def _number_problem(field: Field, value: object) -> Refusal | None:
    name, label = field.name, field.label.zh
    if isinstance(value, float):
        return law_errors.AmountNotWholeFen(
            f"{name}（{label}）要写成{_WANTED[field.kind]}，现在是 {seen(value)}", field=name
        )
    if isinstance(value, bool) or not isinstance(value, int):
        return _wrong_type(field, value)
    if value < 0:
        return law_errors.AmountNegative(f"{name}（{label}）不能是负数，现在是 {seen(value)}", field=name)
    if value > field.maximum:
        limit = f"{field.maximum} 分（{yuan(field.maximum)} 元）" if field.kind is Kind.AMOUNT else str(field.maximum)
        return errors.AmountTooLarge(f"{name}（{label}）最大是 {limit}，现在是 {seen(value)}", field=name)
    return None


def _flag_problem(field: Field, value: object) -> Refusal | None:
    return None if isinstance(value, bool) else _wrong_type(field, value)


def _text_problem(field: Field, value: object) -> Refusal | None:
    if not isinstance(value, str):
        return _wrong_type(field, value)
    if len(value) > TEXT_LENGTH_MAX:
        return errors.FieldType(f"{field.name}（{field.label.zh}）最多 {TEXT_LENGTH_MAX} 个字", field=field.name)
    return None


def _place_problem(field: Field, value: object) -> Refusal | None:
    if not isinstance(value, str):
        return _wrong_type(field, value)
    if value and not (len(value) == PLACE_LENGTH and value.isascii() and value.isdigit()):
        return errors.PlaceInvalid(
            f"{field.name}（{field.label.zh}）要写成六位数字的地区代码，如 140100，现在是“{seen(value)}”",
            field=field.name,
        )
    return None


def _day_problem(field: Field, value: object) -> Refusal | None:
    if not isinstance(value, str):
        return _wrong_type(field, value)
    try:
        read_day(value, field.name)
    except law_errors.DayUnreadable as refusal:
        return refusal
    return None


def _word_problem(field: Field, value: object) -> Refusal | None:
    if not isinstance(value, str):
        return _wrong_type(field, value)
    if value not in field.words:
        return law_errors.WordUnknown(
            f"{field.name}（{field.label.zh}）写了“{seen(value)}”，只能是 {words_of(field)}", field=field.name
        )
    return None


_CHECKS: Mapping[Kind, Callable[[Field, object], Refusal | None]] = {
    Kind.AMOUNT: _number_problem,
    Kind.COUNT: _number_problem,
    Kind.RATE: _number_problem,
    Kind.FLAG: _flag_problem,
    Kind.DAY: _day_problem,
    Kind.WORD: _word_problem,
    Kind.POOL: _text_problem,
    Kind.PLACE: _place_problem,
    Kind.TEXT: _text_problem,
}
