"""The shipped CSV files as records for the database. Pure: bytes in, records and complaints out.

A bad row costs only itself. Every complaint names the file, the line as an editor counts it, and what is wrong.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, TypeAlias

from tongban.directory.model import HOSPITAL_LEVELS, NATION, CatalogKind, DivisionKind, FilingLevel, InstitutionKind
from tongban.directory.pinyin import place_pinyin
from tongban.directory.rules import NamedPlace, institution_codes, is_county, pool_code_of
from tongban.kernel.vocabulary import CatalogClass, Confidence

Row: TypeAlias = Mapping[str, str]
Record: TypeAlias = tuple[Any, ...]

DIVISIONS = "divisions.csv"
POOLING_REGIONS = "pooling_regions.csv"
AGENCIES = "agencies.csv"
INSTITUTIONS = "institutions.csv"
CHRONIC_DISEASES = "chronic_diseases.csv"
DRUGS = "drug_catalog.csv"
SERVICES = "service_items.csv"
SERVICE_CLASS_RULES = "service_class_rules.csv"

SHANXI = "140000"
_DRUG_LIST_REGION = "310000"  # the hospital whose list of drugs is shipped is in 上海
_SELF_FUNDED_BP = 10_000


class Problem(NamedTuple):
    """A row that was left out. `line` counts from 1, the header being the first; 0 is the file as a whole."""

    file_name: str
    line: int
    sentence: str

    def __str__(self) -> str:
        return (
            f"{self.file_name} 第 {self.line} 行：{self.sentence}"
            if self.line
            else f"{self.file_name}：{self.sentence}"
        )


@dataclass
class Parsed:
    records: list[Record] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


class _BadRow(Exception):
    """Says in Chinese what is wrong with the row at hand."""


class Sources:
    """The files of one data folder, each read at most once. `read` gives a file's bytes or raises FileNotFoundError."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._bytes: dict[str, bytes] = {}
        self._parsed: dict[str, Parsed] = {}

    def bytes_of(self, file_name: str) -> bytes:
        if file_name not in self._bytes:
            self._bytes[file_name] = self._read(file_name)
        return self._bytes[file_name]

    def parsed(self, spec: "FileSpec") -> Parsed:
        if spec.file_name not in self._parsed:
            self._parsed[spec.file_name] = spec.parse(self)
        return self._parsed[spec.file_name]


@dataclass(frozen=True)
class FileSpec:
    """One file, the table it fills, and the other files that its records are made with."""

    file_name: str
    zh: str
    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    needs: tuple[str, ...]
    parse: Callable[[Sources], Parsed]


# --- reading --------------------


def _rows(sources: Sources, file_name: str, columns: tuple[str, ...], into: Parsed) -> Iterator[tuple[int, Row]]:
    """Every well-formed row with its line number; the malformed ones become problems of `into`."""
    try:
        content = sources.bytes_of(file_name)
    except FileNotFoundError:
        into.problems.append(Problem(file_name, 0, "没有找到这个文件"))
        return
    # Bytes that are no UTF-8 become lone surrogates, so that only their own row is lost.
    text = content.decode("utf-8-sig", errors="surrogateescape")
    reader = csv.reader(io.StringIO(text, newline=""))
    header = next(reader, [])
    if missing := [column for column in columns if column not in header]:
        into.problems.append(Problem(file_name, 1, f"表头缺少这些列：{'、'.join(missing)}"))
        return
    last_line = reader.line_num
    for cells in reader:
        line, last_line = last_line + 1, reader.line_num
        if not cells:
            continue
        if len(cells) != len(header):
            into.problems.append(Problem(file_name, line, f"应该有 {len(header)} 列，这一行有 {len(cells)} 列"))
        elif any(_is_unreadable(cell) for cell in cells):
            into.problems.append(Problem(file_name, line, "有无法识别的字符，文件应该用 UTF-8 保存"))
        else:
            yield line, {name: cell.strip() for name, cell in zip(header, cells, strict=True)}


def _is_unreadable(text: str) -> bool:
    return any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)


def _parse_rows(
    sources: Sources,
    file_name: str,
    columns: tuple[str, ...],
    key_columns: tuple[str, ...],
    make: Callable[[Row], list[Record]],
    *,
    order: Callable[[Row], int] | None = None,
) -> Parsed:
    """Records of every row that `make` accepts; a key seen before is a complaint that names the first line."""
    parsed = Parsed()
    first_line: dict[tuple[str, ...], int] = {}
    rows = list(_rows(sources, file_name, columns, parsed))
    for line, row in sorted(rows, key=lambda numbered: order(numbered[1])) if order else rows:
        key = tuple(row[column] for column in key_columns)
        try:
            if key in first_line:
                raise _BadRow(f"{'、'.join(key)} 与第 {first_line[key]} 行重复")
            records = make(row)
        except _BadRow as bad:
            parsed.problems.append(Problem(file_name, line, str(bad)))
            continue
        first_line[key] = line
        parsed.records.extend(records)
    parsed.problems.sort()
    return parsed


def _filled(row: Row, column: str) -> str:
    if not row[column]:
        raise _BadRow(f"{column} 没有填")
    return row[column]


def _code(row: Row, column: str) -> str:
    code = _filled(row, column)
    if len(code) != 6 or not (code.isascii() and code.isdigit()):
        raise _BadRow(f"{column} 应该是 6 位数字，现在是“{code[:20]}”")
    return code


def _one_of(row: Row, column: str, known: Mapping[str, Any]) -> Any:
    if row[column] not in known:
        raise _BadRow(f"{column} 的值“{row[column][:20]}”不认识，可以是：{'、'.join(key or '空' for key in known)}")
    return known[row[column]]


def _number(row: Row, column: str) -> int:
    text = _filled(row, column)
    if not (text.isascii() and text.isdigit()) or len(text) > 5:
        raise _BadRow(f"{column} 应该是最多 5 位的整数，现在是“{text[:20]}”")
    return int(text)


def _ratio_bp(row: Row, column: str) -> int:
    """``0.1`` → 1000."""
    text = row[column]
    try:
        scaled = Decimal(text) * 10_000
    except InvalidOperation:
        raise _BadRow(f"{column} 应该是 0 到 1 的小数，现在是“{text[:20]}”") from None
    if not scaled.is_finite() or not 0 <= scaled <= 10_000 or scaled != int(scaled):
        raise _BadRow(f"{column} 应该是 0 到 1、最多四位的小数，现在是“{text[:20]}”")
    return int(scaled)


# --- regions --------------------

_FILING_RULES = {
    "就医备案到省级": (FilingLevel.PROVINCE, True),
    "就医备案到市级": (FilingLevel.CITY, True),
    "参保地用": (FilingLevel.CITY, False),
}


def _pooling_regions(sources: Sources) -> Parsed:
    def make(row: Row) -> list[Record]:
        code, name = _code(row, "pool_code"), _filled(row, "pool_name")
        province_code, province = _code(row, "province_code"), _filled(row, "province_name")
        level, can_file_to = _one_of(row, "filing_rule", _FILING_RULES)
        full_name = name if name.startswith(province) else province + name
        pinyin, initials = place_pinyin(name)
        return [
            (
                code,
                name,
                full_name,
                province_code,
                province,
                level,
                can_file_to,
                pinyin,
                initials,
                int(code),
                row["basis"],
                row["note"],
            )
        ]

    columns = ("pool_code", "pool_name", "province_code", "province_name", "filing_rule", "basis", "note")
    return _parse_rows(sources, POOLING_REGIONS, columns, ("pool_code",), make)


def _pools(sources: Sources) -> frozenset[str]:
    return frozenset(record[0] for record in sources.parsed(FILES[0]).records)


_LEVELS_DOWN = {"province": 0, "city": 1, "county": 2}
_KINDS = {kind.value: kind.value for kind in DivisionKind}


def _divisions(sources: Sources) -> Parsed:
    pools = _pools(sources)
    known: set[str] = set()

    def make(row: Row) -> list[Record]:
        code, level = _code(row, "code"), row["level"]
        _one_of(row, "level", _LEVELS_DOWN)
        parent = None if level == "province" else _code(row, "parent_code")
        if parent and parent not in known:
            raise _BadRow(f"上级区划 {parent} 不在表里")
        record = (
            code,
            _filled(row, "name"),
            level,
            parent,
            _code(row, "province_code"),
            row["city_code"] or None,
            _filled(row, "full_name"),
            _one_of(row, "kind", _KINDS),
            pool_code_of(code, pools),
        )
        known.add(code)
        return [record]

    columns = ("code", "name", "level", "parent_code", "province_code", "city_code", "full_name", "kind")
    # Parents first, whatever the order of the file: a division without its parent is left out.
    return _parse_rows(
        sources, DIVISIONS, columns, ("code",), make, order=lambda row: _LEVELS_DOWN.get(row["level"], 0)
    )


def _agencies(sources: Sources) -> Parsed:
    pools = _pools(sources)

    def make(row: Row) -> list[Record]:
        pool = _code(row, "region_code")
        if pool not in pools:
            raise _BadRow(f"region_code {pool} 不是统筹区")
        return [
            (pool, _number(row, "phone_no"), _filled(row, "phone"), _filled(row, "line_name"), _filled(row, "source"))
        ]

    columns = ("region_code", "phone_no", "phone", "line_name", "source")
    return _parse_rows(sources, AGENCIES, columns, ("region_code", "phone_no"), make)


# --- institutions --------------------

_LEVEL_CODES = {level: level for level in HOSPITAL_LEVELS}


@dataclass(frozen=True)
class _Place:
    name: str
    pool_code: str | None


def _institutions(sources: Sources) -> Parsed:
    """Every hospital of 山西; elsewhere those whose level is known. The rest is counted in a note."""
    pools = _pools(sources)
    places = {record[0]: _Place(record[1], record[8]) for record in sources.parsed(FILES[1]).records}
    codes = _institution_codes(sources)
    left_out = 0

    def make(row: Row) -> list[Record]:
        nonlocal left_out
        name, province = _filled(row, "name"), _code(row, "province_code")
        level = _one_of(row, "hosp_lv", _LEVEL_CODES)
        city, county = row["city_code"], row["county_code"]
        for column in ("city_code", "county_code"):
            if row[column] and row[column] not in places:
                raise _BadRow(f"{column} {row[column][:20]} 不在区划表里")
        nearest = county or city or province
        pool = places[nearest].pool_code if nearest in places else (nearest if nearest in pools else None)
        if pool is None:
            raise _BadRow(f"{nearest} 不属于任何统筹区，请补上城市或区县")
        if province != SHANXI and not level:
            left_out += 1
            return []
        official = row["national_code"]
        if official and not re.fullmatch(r"[HP][0-9A-Z]{11}", official):
            raise _BadRow(f"national_code 应该是 H 或 P 加 11 位数字或字母，现在是“{official[:20]}”")
        return [
            (
                official or codes[_named(row)],
                bool(official),
                name,
                level,
                InstitutionKind.HOSPITAL,
                row["type"],
                province,
                city,
                county,
                pool,
                bool(county) and is_county(places[county].name),
                row["address"],
                row["tel"],
                _filled(row, "source"),
            )
        ]

    parsed = _parse_rows(sources, INSTITUTIONS, _INSTITUTION_COLUMNS, ("name", "city_code"), make)
    if left_out:
        parsed.notes.append(f"{left_out} 家外省医院不知道等级，没有装入")
    return parsed


_INSTITUTION_COLUMNS = _names("national_code name hosp_lv type province_code city_code county_code address tel source")


def _named(row: Row) -> NamedPlace:
    return NamedPlace(row["county_code"] or row["city_code"] or row["province_code"], row["name"])


def _institution_codes(sources: Sources) -> dict[NamedPlace, str]:
    """Codes for the whole list, not for what is loaded of it, so that they do not depend on the selection."""
    rows = [row for _, row in _rows(sources, INSTITUTIONS, _INSTITUTION_COLUMNS, Parsed())]
    return institution_codes(map(_named, rows), {row["national_code"] for row in rows})


# --- diseases and catalogues --------------------


def _chronic_diseases(sources: Sources) -> Parsed:
    yes_no = {"Y": True, "": False}

    def make(row: Row) -> list[Record]:
        disease = row["cross_province_disease"]
        if _one_of(row, "cross_province", yes_no) != bool(disease):
            raise _BadRow("cross_province 和 cross_province_disease 要么都填，要么都不填")
        return [
            (
                _filled(row, "code"),
                _filled(row, "name"),
                row["major_code"],
                disease,
                _one_of(row, "principal_code", yes_no),
                _filled(row, "code_status"),
                _filled(row, "source"),
            )
        ]

    columns = ("code", "name", "major_code", "cross_province", "cross_province_disease", "principal_code")
    return _parse_rows(sources, CHRONIC_DISEASES, (*columns, "code_status", "source"), ("code",), make)


_DRUG_CLASSES = {"01": CatalogClass.A, "02": CatalogClass.B, "03": CatalogClass.C}
_DRUG_CHARGE_KINDS = {"09": "09", "10": "10", "11": "11"}
_DRUG_SOURCE = "上海一家医院公开的药品目录（2026-04-23）"
_DRUG_SOURCE_NATION = "甲乙类按国家药品目录；先行自付比例借用上海的，仅作示例"


def _drugs(sources: Sources) -> Parsed:
    """Two records a drug: as 上海 lists it, and for everywhere else, where only its class is national."""
    blank = 0

    def make(row: Row) -> list[Record]:
        nonlocal blank
        code, name = _filled(row, "national_code"), _filled(row, "generic_name")
        catalog_class = _one_of(row, "chrgitm_lv", _DRUG_CLASSES)
        charge_kind = _one_of(row, "med_chrgitm_type", _DRUG_CHARGE_KINDS)
        if not row["pre_selfpay_ratio"]:
            blank += 1
            return []
        preselfpay_bp = _ratio_bp(row, "pre_selfpay_ratio")
        common = (code, CatalogKind.DRUG, name, row["spec"], catalog_class, preselfpay_bp, charge_kind)
        return [
            (_DRUG_LIST_REGION, *common, Confidence.SECONDARY, _DRUG_SOURCE),
            (NATION, *common, Confidence.ILLUSTRATIVE, _DRUG_SOURCE_NATION),
        ]

    columns = ("national_code", "generic_name", "spec", "chrgitm_lv", "pre_selfpay_ratio", "med_chrgitm_type")
    parsed = _parse_rows(sources, DRUGS, columns, ("national_code",), make)
    if blank:
        parsed.notes.append(f"{blank} 种药品没有先行自付比例，没有装入")
    return parsed


# Fee classes of the service list → kinds of charge of the national dictionary. A fee class not named here counts as
# treatment: the list's 一般诊疗费 are diagnoses and treatments of specialities, not the fee of that name.
_CHARGE_KINDS = {
    "床位费": "01",
    "诊查费": "02",
    "会诊费": "02",
    "检查费": "03",
    "病理费": "03",
    "化验费": "04",
    "手术费": "06",
    "麻醉费": "06",
    "护理费": "07",
    "材料费": "08",
}
_CHARGE_KIND_TREATMENT = "05"
_SERVICE_SOURCE = "项目编码为国家编码；甲乙丙类没有公开来源，按 service_class_rules.csv 指定，仅作示例"


class _ClassRule(NamedTuple):
    category_prefix: str
    name_contains: str
    catalog_class: CatalogClass
    preselfpay_bp: int


def _services(sources: Sources) -> Parsed:
    """Those services that a rule of service_class_rules.csv takes in; the first rule that fits gives the class."""
    rules_parsed = _class_rules(sources)
    rules = [_ClassRule(*record) for record in rules_parsed.records]
    left_out = 0

    def make(row: Row) -> list[Record]:
        nonlocal left_out
        code, name = _filled(row, "item_code"), _filled(row, "name")
        for rule in rules:
            if row["category_code"].startswith(rule.category_prefix) and rule.name_contains in name:
                charge_kind = _CHARGE_KINDS.get(row["fee_class"], _CHARGE_KIND_TREATMENT)
                return [
                    (
                        NATION,
                        code,
                        CatalogKind.SERVICE,
                        name,
                        "",
                        rule.catalog_class,
                        rule.preselfpay_bp,
                        charge_kind,
                        Confidence.ILLUSTRATIVE,
                        _SERVICE_SOURCE,
                    )
                ]
        left_out += 1
        return []

    parsed = _parse_rows(sources, SERVICES, ("item_code", "name", "category_code", "fee_class"), ("item_code",), make)
    parsed.problems = rules_parsed.problems + parsed.problems
    if left_out:
        parsed.notes.append(f"{left_out} 个服务项目不在示例范围内，没有装入")
    return parsed


def _class_rules(sources: Sources) -> Parsed:
    classes = {item.value: item for item in CatalogClass}

    def make(row: Row) -> list[Record]:
        catalog_class, preselfpay_bp = _one_of(row, "catalog_class", classes), _number(row, "preselfpay_bp")
        if (catalog_class is CatalogClass.C) != (preselfpay_bp == _SELF_FUNDED_BP) or preselfpay_bp > _SELF_FUNDED_BP:
            raise _BadRow("preselfpay_bp 丙类应该是 10000，甲类和乙类应该更小")
        return [(_filled(row, "category_prefix"), row["name_contains"], catalog_class, preselfpay_bp)]

    columns = ("category_prefix", "name_contains", "catalog_class", "preselfpay_bp")
    return _parse_rows(sources, SERVICE_CLASS_RULES, columns, ("category_prefix", "name_contains"), make)


_CATALOG_COLUMNS = _names(
    "catalog_region item_code kind name spec catalog_class preselfpay_bp charge_kind confidence source"
)

FILES: tuple[FileSpec, ...] = (
    FileSpec(
        POOLING_REGIONS,
        zh="统筹区",
        table="pooling_region",
        columns=_names(
            "pool_code name full_name province_code province_name filing_level can_file_to pinyin initials sort_key"
            " basis note"
        ),
        key=("pool_code",),
        needs=(),
        parse=_pooling_regions,
    ),
    FileSpec(
        DIVISIONS,
        zh="行政区划",
        table="division",
        columns=_names("code name level parent_code province_code city_code full_name kind pool_code"),
        key=("code",),
        needs=(POOLING_REGIONS,),
        parse=_divisions,
    ),
    FileSpec(
        AGENCIES,
        zh="咨询电话",
        table="agency_phone",
        columns=_names("pool_code phone_no phone line_name source"),
        key=("pool_code", "phone_no"),
        needs=(POOLING_REGIONS,),
        parse=_agencies,
    ),
    FileSpec(
        INSTITUTIONS,
        zh="医院",
        table="institution",
        columns=_names(
            "institution_code code_is_official name hospital_level kind specialty province_code city_code county_code"
            " pool_code in_county address phone source"
        ),
        key=("institution_code",),
        needs=(POOLING_REGIONS, DIVISIONS),
        parse=_institutions,
    ),
    FileSpec(
        CHRONIC_DISEASES,
        zh="门诊慢特病",
        table="chronic_disease",
        columns=_names("code name major_code cross_province_disease is_principal code_status source"),
        key=("code",),
        needs=(),
        parse=_chronic_diseases,
    ),
    FileSpec(
        DRUGS,
        zh="药品目录",
        table="catalog_item",
        columns=_CATALOG_COLUMNS,
        key=("catalog_region", "item_code"),
        needs=(),
        parse=_drugs,
    ),
    FileSpec(
        SERVICES,
        zh="服务项目",
        table="catalog_item",
        columns=_CATALOG_COLUMNS,
        key=("catalog_region", "item_code"),
        needs=(SERVICE_CLASS_RULES,),
        parse=_services,
    ),
)
"""In the order of loading: what others refer to comes first."""
