"""Which keys are possible at all, which parameter may stand in for which, and what keys are called: said here alone."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from itertools import product

from tongban.kernel.vocabulary import ChronicDisease, InsuranceType, Locality, MedicationScheme, PersonnelCategory, Word
from tongban.law.model import BenefitPath
from tongban.law.parameters import KEY_WORDS

Key = tuple[str, ...]

# A value of the first parameter, where there is one, goes before the second: it needs none of its own.
STANDS_IN: Mapping[str, str] = {
    "inpatient_path_deductible": "inpatient_deductible",
    "inpatient_path_rate": "inpatient_adjustment",
}

# Parameters a rule asks for some people only, and lists kept for some words only.
_ONLY_RESIDENTS: Mapping[str, Key] = {"insurance_type": (InsuranceType.RESIDENT,)}
_ONLY: Mapping[str, Mapping[str, Key]] = {
    "critical_illness_threshold": _ONLY_RESIDENTS,
    "critical_illness_rate": _ONLY_RESIDENTS,
    "critical_illness_second_threshold": _ONLY_RESIDENTS,
    "critical_illness_second_rate": _ONLY_RESIDENTS,
    "critical_illness_is_banded": _ONLY_RESIDENTS,
    "critical_illness_ceiling": _ONLY_RESIDENTS,
    "chronic_cross_province": {"disease": tuple(word for word in ChronicDisease if word is not ChronicDisease.LOCAL)},
}

_CATEGORIES: Mapping[str, frozenset[str]] = {
    InsuranceType.EMPLOYEE: frozenset({PersonnelCategory.ACTIVE, PersonnelCategory.RETIRED}),
    InsuranceType.RESIDENT: frozenset({PersonnelCategory.MINOR, PersonnelCategory.ADULT, PersonnelCategory.ELDER}),
}


def _category_fits_insurance(words: Mapping[str, str]) -> bool:
    insurance, category = words.get("insurance_type"), words.get("category")
    return insurance is None or category is None or category in _CATEGORIES[insurance]


def _path_fits_locality(words: Mapping[str, str]) -> bool:
    """At home there is one way only, and residents have it in the whole province; employees elsewhere never do."""
    locality, path, insurance = words.get("locality"), words.get("path"), words.get("insurance_type")
    if locality is None or path is None:
        return True
    if locality == Locality.IN_PROVINCE and insurance is None:
        return True
    is_as_at_home = locality == Locality.SAME_POOL or (
        locality == Locality.IN_PROVINCE and insurance == InsuranceType.RESIDENT
    )
    return (path == BenefitPath.HOME) == is_as_at_home


def _filing_is_for_elsewhere(words: Mapping[str, str]) -> bool:
    return "filing_kind" not in words or words.get("locality") != Locality.SAME_POOL


def _medication_scheme_is_for_residents(words: Mapping[str, str]) -> bool:
    return words.get("insurance_type") != InsuranceType.EMPLOYEE or words.get("disease") not in tuple(MedicationScheme)


_RULES: tuple[Callable[[Mapping[str, str]], bool], ...] = (
    _category_fits_insurance,
    _path_fits_locality,
    _filing_is_for_elsewhere,
    _medication_scheme_is_for_residents,
)


@cache
def possible_keys(names: Key, subject: str = "") -> tuple[Key, ...]:
    """Every key there can be, of places with these `names`; `subject` is the parameter or list it is a key of."""
    only = _ONLY.get(subject, {})
    keys = product(*(only.get(name, KEY_WORDS[name]) for name in names))
    return tuple(key for key in keys if is_possible(names, key))


def is_possible(names: Key, key: Key) -> bool:
    words = dict(zip(names, key, strict=True))
    return all(rule(words) for rule in _RULES)


# -- in Chinese -----------------------------------------------------------------------------------------------------

# What the places of a key are called.
NAMES_ZH: Mapping[str, str] = {
    "act": "办的事",
    "actor": "谁来办",
    "applicant": "谁申请",
    "care": "看什么",
    "category": "人员类别",
    "channel": "渠道",
    "conduct": "行为",
    "delivery": "分娩方式",
    "disease": "病种",
    "event": "发生的事",
    "expense": "付什么",
    "filed_as": "备案",
    "filing_kind": "备案种类",
    "giver": "给的人",
    "giver_state": "给的人参保情况",
    "hospital_level": "医院等级",
    "hospitals": "医院",
    "in_county": "是不是县级",
    "institution_level": "医院等级",
    "insurance_type": "险种",
    "is_emergency": "有没有急诊标识",
    "is_filed": "有没有备案",
    "is_listed": "在不在可以跨省结算的病种里",
    "is_marked": "有没有急诊标识",
    "is_recognised": "有没有认定",
    "is_referred": "有没有转诊标识",
    "is_signed": "有没有签承诺书",
    "item": "事项",
    "locality": "看病的地方",
    "paid": "怎么付的",
    "papers": "材料",
    "path": "办法",
    "price_class": "医院类别",
    "receiver_state": "用的人参保情况",
    "relation": "关系",
    "settled_here": "有没有在那里结算过",
    "situation": "为什么去",
    "stage": "到哪一步",
    "stay": "住院次数",
    "third_party": "别人的责任",
    "way": "怎么办",
}
# Words that are no vocabulary of the field.
_PLAIN_ZH: Mapping[tuple[str, str], str] = {
    ("filed_as", "none"): "没有备案",
    ("filed_as", "long_term"): "备了长期居住",
    ("filed_as", "referral"): "备了转诊",
    ("filed_as", "unreferred"): "备了没有转诊",
    ("hospital_level", "unknown"): "不知道等级",
    ("hospital_level", "01"): "三级特等",
    ("hospital_level", "02"): "三级甲等",
    ("hospital_level", "03"): "三级乙等",
    ("hospital_level", "04"): "三级丙等",
    ("hospital_level", "05"): "二级甲等",
    ("hospital_level", "06"): "二级乙等",
    ("hospital_level", "07"): "二级丙等",
    ("hospital_level", "08"): "一级甲等",
    ("hospital_level", "09"): "一级乙等",
    ("hospital_level", "10"): "一级丙等",
    ("hospital_level", "11"): "没有定级",
    ("hospitals", "all"): "各级医院",
    ("hospitals", "tertiary"): "三级医院",
    ("in_county", "yes"): "县级",
    ("in_county", "no"): "不是县级",
    ("is_emergency", "yes"): "有急诊标识",
    ("is_emergency", "no"): "没有急诊标识",
    ("is_filed", "yes"): "备了案",
    ("is_filed", "no"): "没有备案",
    ("is_listed", "yes"): "在可以跨省结算的病种里",
    ("is_listed", "no"): "不在可以跨省结算的病种里",
    ("is_marked", "yes"): "有急诊标识",
    ("is_marked", "no"): "没有急诊标识",
    ("is_recognised", "yes"): "认定了病种",
    ("is_recognised", "no"): "没有认定病种",
    ("is_referred", "yes"): "有转诊标识",
    ("is_referred", "no"): "没有转诊标识",
    ("is_signed", "yes"): "签了承诺书",
    ("is_signed", "no"): "没有签承诺书",
    ("settled_here", "yes"): "在那里结算过",
    ("settled_here", "no"): "没有在那里结算过",
    ("stay", "second"): "第二次住院",
    ("stay", "later"): "第三次起住院",
}


def word_zh(name: str, word: str) -> str:
    """A word of a key as a person reads it; a code stays a code."""
    return word.zh if isinstance(word, Word) else _PLAIN_ZH.get((name, word), word)


def keys_zh(names: Key, keys: Iterable[Key], possible: Sequence[Key], own: Collection[str] | None = None) -> str:
    """Several keys in one line: ``职工医保：在职、退休 × 全部医院类别``.

    `possible` are all keys there can be, which tells what is "all". Places not in `own` are left out when they are
    complete. Empty for the one key of no places.
    """
    wanted = frozenset(keys)
    if not names:
        return ""
    if wanted >= frozenset(possible):
        return "全部"
    told = names if own is None else own
    return "；".join(_box_zh(names, box, possible, told) for box in _boxes(wanted, possible))


# The words of each place; None where it is every word there can be beside those before it.
_Box = tuple[frozenset[str] | None, ...]


def _boxes(keys: Collection[Key], possible: Sequence[Key]) -> tuple[_Box, ...]:
    """The keys as few products of words: words that go with the same rest share a product."""
    if () in keys:
        return ((),)
    below: dict[str, list[Key]] = {}
    for key in possible:
        below.setdefault(key[0], []).append(key[1:])
    rests: dict[str, set[Key]] = {}
    for key in keys:
        rests.setdefault(key[0], set()).add(key[1:])
    words_of: dict[tuple[_Box, ...], list[str]] = {}
    for word in below:
        if word in rests:
            words_of.setdefault(_boxes(rests[word], below[word]), []).append(word)
    return tuple(
        (None if len(words) == len(below) else frozenset(words), *box)
        for boxes, words in words_of.items()
        for box in boxes
    )


def _box_zh(names: Key, box: _Box, possible: Sequence[Key], own: Collection[str]) -> str:
    told = []
    for place, name in enumerate(names):
        all_words = list(dict.fromkeys(key[place] for key in possible if _starts_in(key, box[:place])))
        chosen = box[place]
        if chosen is None and (name not in own or (len(all_words) == 1 and place > 0)):
            continue
        if chosen is None and len(all_words) > 2:
            told.append(f"全部{NAMES_ZH.get(name, name)}")
        else:
            told.append("、".join(word_zh(name, word) for word in all_words if chosen is None or word in chosen))
    return "：".join(part for part in ("".join(told[:1]), " × ".join(told[1:])) if part) or "全部"


def _starts_in(key: Key, box: _Box) -> bool:
    return all(words is None or word in words for word, words in zip(key, box, strict=False))
