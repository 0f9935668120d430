"""A made-up province: households of people who do not exist, the same ones every time.

The numbers of one seeded stream are drawn household by household, so that loading more people adds to the ones that a
smaller load made. Ages, cities and insurance follow rough shares; none of this is statistics, and no real person's
data went into it. ID numbers are well-formed (GB 11643) with the division codes of 山西's counties and random serials.
"""

import random
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import accumulate
from typing import NamedTuple, TypeAlias

from tongban.kernel.dates import add_months
from tongban.kernel.identifiers import id_check_character
from tongban.kernel.vocabulary import InsuranceType, PersonnelCategory, Relation
from tongban.people.demo_cast import CAST
from tongban.people.model import DemoEnrollment, DemoPerson, PaymentState

Household: TypeAlias = list[DemoPerson]

DEMO_DAY = date(2026, 1, 1)
"""The day on which the made-up people have the ages that were drawn for them."""

_SEED = 140_000
_PERSON_ID_MIN, _PERSON_ID_MAX = 10**14, 10**15
_ELDER_AGE = 65
_RETIREMENT_AGE = {True: 60, False: 55}  # by is_male
_SCHOOL_END = 22
_FIRST_ENROLLMENT = date(2010, 1, 1)
_PROVINCE_OWN_POOL = "149900"
_PROVINCE_OWN_CITY = "140100"  # 省本级 insures people who work for the province, nearly all of them in 太原


class DemoCity(NamedTuple):
    """A city to people: its pool, its name without rank, its weight, and the divisions ID numbers begin with."""

    pool_code: str
    short_name: str
    population: int
    county_codes: tuple[str, ...]


def demo_cast() -> Household:
    """The residents with a story; everybody else is nobody in particular."""
    return [member.person for member in CAST]


def demo_province(count: int, cities: Sequence[DemoCity]) -> Iterator[Household]:
    """Households with `count` people in all; the last one is cut off where the number is reached.

    The same cities give the same people, and fewer people are the beginning of more.
    """
    draw = _Draw(cities)
    left = count
    while left > 0:
        household = draw.household()
        if len(household) > left:
            household = _first_of(household, left)
        left -= len(household)
        yield household


def _first_of(household: Household, size: int) -> Household:
    kept = household[:size]
    ids = {person.person_id for person in kept}
    return [replace(person, kin=tuple(kin for kin in person.kin if kin[0] in ids)) for person in kept]


# --- names --------------------

# Surnames with rough weights, 山西's own favourites among them.
_SURNAMES = (
    "王 98,李 90,张 88,刘 62,赵 45,郭 38,杨 36,高 30,武 20,任 20,韩 20,马 20,郝 20,贾 19,田 18,孙 17,宋 17,薛 16,梁 16,"
    "陈 16,侯 14,冯 14,段 14,崔 13,董 13,白 13,吴 13,常 12,乔 12,闫 12,程 11,卫 11,史 11,曹 11,苏 10,胡 10,吕 10,"
    "周 10,徐 10,靳 9,石 9,樊 9,康 9,牛 9,成 8,温 8,岳 8,孟 8,秦 8,范 8,裴 7,申 7,原 7,魏 7,杜 7,朱 6,姚 6,关 5,"
    "尹 5,卢 5,解 5,柴 5,霍 4,景 4,邢 4,弓 3,令狐 2,尉迟 1"
)

# By (is male, born before 1970).
_GIVEN = {
    (True, True): (
        "建国 建军 志强 国强 保平 文明 德福 生明 爱民 卫东 富贵 海生 春生 贵生 双喜 俊杰 玉山 金生 天福 来福 永红 永胜"
    ),
    (False, True): (
        "秀英 玉兰 桂花 秀兰 玉梅 爱花 改花 翠莲 淑珍 凤英 兰香 月娥 润莲 桃花 美英 俊梅 巧莲 爱珍 春梅 玉珍 香莲 金花"
    ),
    (True, False): (
        "伟 磊 鹏 浩 宇 斌 超 凯 杰 勇 涛 亮 波 龙 帅 晨 旭 子轩 浩然 宇轩 梓豪 俊豪 志鹏 晓东 建华 一鸣 嘉诚 泽宇"
    ),
    (False, False): (
        "丽 敏 静 艳 娜 婷 燕 霞 洁 玲 倩 雪 颖 佳 琳 璐 欣怡 梓涵 雨桐 思雨 诗涵 佳怡 晓丽 慧敏 雅琪 若曦 一诺 可馨"
    ),
}
_SECOND = {True: "明 华 平 强 军 辉 文 林 峰 海 东 国 鑫", False: "霞 梅 芳 珍 红 英 华 云 荣 娟 萍 宁"}

_TRADES = (
    "机械厂,煤业公司,中学,小学,中医院,化工厂,商贸公司,物流公司,建筑公司,陶瓷厂,食品公司,热力公司,公交公司,供水公司,"
    "农机公司,软件公司,纺织厂,设计院,印刷厂,酒店,超市,环卫站,林场,药材公司,幼儿园,电器公司,玻璃厂,客运站,粮油公司,邮政所"
)


class _Weighted:
    """Draws one of several values by weight with a single random number."""

    def __init__(self, values: Sequence[str], weights: Sequence[int]) -> None:
        self._values = values
        self._steps = list(accumulate(weights))

    def pick(self, random_: random.Random) -> str:
        return self._values[bisect(self._steps, int(random_.random() * self._steps[-1]))]


def _surnames() -> _Weighted:
    pairs = [entry.split() for entry in _SURNAMES.split(",")]
    return _Weighted([surname for surname, _ in pairs], [int(weight) for _, weight in pairs])


# --- people --------------------


@dataclass(slots=True)
class _Member:
    """Somebody of a household before the numbers are given out."""

    age: int
    is_male: bool
    surname: str
    kin: list[tuple[int, Relation]]  # places in the household


class _Draw:
    """One stream of random numbers and everything already given out."""

    def __init__(self, cities: Sequence[DemoCity]) -> None:
        self._random = random.Random(_SEED)  # noqa: S311  made-up people need repeatable draws, not secret ones
        self._cities = {city.pool_code: city for city in cities}
        self._city = _Weighted([city.pool_code for city in cities], [city.population for city in cities])
        self._surname = _surnames()
        self._given = {key: names.split() for key, names in _GIVEN.items()}
        self._second = {is_male: characters.split() for is_male, characters in _SECOND.items()}
        self._trades = _TRADES.split(",")
        cast = demo_cast()
        self._ids = {person.person_id for person in cast}
        self._id_numbers = {person.id_number for person in cast}
        self._cards: set[str] = set()

    def household(self) -> Household:
        city = self._cities[self._city.pick(self._random)]
        county = self._random.choice(city.county_codes)
        members = self._composition()
        ids = [self._person_id() for _ in members]
        return [self._person(member, ids, place, city, county) for place, member in enumerate(members)]

    # Who lives together.

    def _composition(self) -> list[_Member]:
        kinds: tuple[tuple[int, Callable[[], list[_Member]]], ...] = (
            (16, lambda: self._single(19, 36)),
            (42, self._family),
            (22, self._middle_couple),
            (15, lambda: self._couple(self._between(60, 84))),
            (5, lambda: self._single(62, 92)),
        )
        drawn = self._below(100)
        for share, compose in kinds:
            if drawn < share:
                return compose()
            drawn -= share
        raise AssertionError("the shares of the households add up to 100")

    def _single(self, low: int, high: int) -> list[_Member]:
        return [_Member(self._between(low, high), self._chance(50), self._surname.pick(self._random), [])]

    def _couple(self, age: int) -> list[_Member]:
        husband = _Member(age, True, self._surname.pick(self._random), [(1, Relation.SPOUSE)])
        wife = _Member(max(20, age - self._between(-1, 4)), False, self._surname.pick(self._random), [])
        wife.kin.append((0, Relation.SPOUSE))
        return [husband, wife]

    def _family(self) -> list[_Member]:
        members = self._couple(self._between(27, 50))
        mother_age = members[1].age
        children = 1 if self._chance(45) else 2 if self._chance(85) else 3
        for _ in range(children):
            age = max(0, mother_age - self._between(22, 33))
            self._add_child(members, _Member(age, self._chance(51), members[0].surname, []))
        if self._chance(22):
            self._add_grandparent(members, of=0 if self._chance(75) else 1)
        return members

    def _middle_couple(self) -> list[_Member]:
        members = self._couple(self._between(46, 63))
        if self._chance(45):
            age = max(18, members[1].age - self._between(23, 29))
            self._add_child(members, _Member(age, self._chance(51), members[0].surname, []))
        return members

    def _add_child(self, members: list[_Member], child: _Member) -> None:
        place = len(members)
        for sibling in range(2, place):
            _bind(members, sibling, child, place, Relation.SIBLING, Relation.SIBLING)
        for parent in (0, 1):
            _bind(members, parent, child, place, Relation.CHILD, Relation.PARENT)
        members.append(child)

    def _add_grandparent(self, members: list[_Member], of: int) -> None:
        """The widowed mother or father of one of the couple; to the children of a wife's parent it is 外祖父母."""
        parent = members[of]
        elder = _Member(parent.age + self._between(22, 30), self._chance(35), parent.surname, [])
        if of == 1 and not elder.is_male:
            elder.surname = self._surname.pick(self._random)
        place = len(members)
        _bind(members, of, elder, place, Relation.PARENT, Relation.CHILD)
        up, down = (
            (Relation.GRANDPARENT, Relation.GRANDCHILD)
            if of == 0
            else (Relation.MATERNAL_GRANDPARENT, Relation.DAUGHTERS_CHILD)
        )
        for child in range(2, place):
            _bind(members, child, elder, place, up, down)
        members.append(elder)

    # What each of them has.

    def _person(self, member: _Member, ids: list[int], place: int, city: DemoCity, county: str) -> DemoPerson:
        born = self._birth_date(member.age)
        enrollment = self._enrollment(member, born, city)
        is_employee = enrollment.insurance_type is InsuranceType.EMPLOYEE
        return DemoPerson(
            person_id=ids[place],
            name=self._name(member, born),
            is_male=member.is_male,
            birth_date=born,
            id_number=self._id_number(county if self._chance(85) else self._any_county(), born, member.is_male),
            phone=f"1990000{self._below(10_000):04d}",
            card_number=self._card_number(),
            enrollments=(enrollment,),
            account_fen=self._account_fen(enrollment) if is_employee else None,
            card_state="active" if self._chance(94) else "inactive" if self._chance(60) else "lost",
            code_state="active" if self._chance(62 if member.age >= _ELDER_AGE else 92) else "inactive",
            kin=tuple((ids[other], relation) for other, relation in member.kin),
        )

    def _enrollment(self, member: _Member, born: date, city: DemoCity) -> DemoEnrollment:
        is_retired = member.age >= _RETIREMENT_AGE[member.is_male]
        share = 55 if city.pool_code == _PROVINCE_OWN_CITY else 30
        if member.age >= _SCHOOL_END and self._chance(share * 3 // 4 if is_retired else share):
            return self._employee(born, city, PersonnelCategory.RETIRED if is_retired else PersonnelCategory.ACTIVE)
        category = (
            PersonnelCategory.MINOR
            if member.age < 18
            else PersonnelCategory.ELDER
            if member.age >= _ELDER_AGE
            else PersonnelCategory.ADULT
        )
        since = born if category is PersonnelCategory.MINOR else _years_after(born, 18)
        return DemoEnrollment(InsuranceType.RESIDENT, category, city.pool_code, max(since, _FIRST_ENROLLMENT))

    def _employee(self, born: date, city: DemoCity, category: PersonnelCategory) -> DemoEnrollment:
        is_provincial = city.pool_code == _PROVINCE_OWN_CITY and self._chance(5)
        since = max(_years_after(born, self._between(20, _SCHOOL_END)).replace(day=1), date(2001, 1, 1))
        in_arrears = category is PersonnelCategory.ACTIVE and self._below(1000) < 12
        return DemoEnrollment(
            InsuranceType.EMPLOYEE,
            category,
            _PROVINCE_OWN_POOL if is_provincial else city.pool_code,
            since,
            None,
            PaymentState.ARREARS if in_arrears else PaymentState.PAID,
            f"{'省属' if is_provincial else city.short_name}{self._random.choice(self._trades)}（演示）",
        )

    def _account_fen(self, enrollment: DemoEnrollment) -> int:
        """More small balances than large ones; retired people, who are ill more often, have spent more of theirs."""
        most = 600_000 if enrollment.category is PersonnelCategory.RETIRED else 1_200_000
        return min(self._below(most), self._below(most))

    def _name(self, member: _Member, born: date) -> str:
        given = self._random.choice(self._given[member.is_male, born.year < 1970])
        # Most given names have two characters: 王伟, but more often 王伟明.
        if len(given) == 1 and self._chance(55):
            given += self._random.choice(self._second[member.is_male])
        return member.surname + given

    def _birth_date(self, age: int) -> date:
        """A birthday that makes somebody `age` years old on DEMO_DAY."""
        latest = _years_after(DEMO_DAY, -age)
        earliest = _years_after(DEMO_DAY, -age - 1)
        return earliest + timedelta(days=self._between(1, (latest - earliest).days))

    def _id_number(self, county: str, born: date, is_male: bool) -> str:
        while True:
            serial = 2 * self._below(499) + (1 if is_male else 2)
            first17 = f"{county}{born:%Y%m%d}{serial:03d}"
            number = first17 + id_check_character(first17)
            if number not in self._id_numbers:
                self._id_numbers.add(number)
                return number

    def _any_county(self) -> str:
        return self._random.choice(self._cities[self._city.pick(self._random)].county_codes)

    def _person_id(self) -> int:
        while (person_id := self._random.randrange(_PERSON_ID_MIN, _PERSON_ID_MAX)) in self._ids:
            pass
        self._ids.add(person_id)
        return person_id

    def _card_number(self) -> str:
        # The cast's cards begin with other letters.
        while (number := f"{self._random.choice('CDEFGJKLMN')}{self._below(10**8):08d}") in self._cards:
            pass
        self._cards.add(number)
        return number

    # Half of the time of a large load goes into draws, and `randrange` costs several times as much as `random`.

    def _below(self, count: int) -> int:
        return int(self._random.random() * count)

    def _between(self, low: int, high: int) -> int:
        return low + self._below(high - low + 1)

    def _chance(self, percent: int) -> bool:
        return self._below(100) < percent


def _bind(members: list[_Member], place: int, other: _Member, other_place: int, to: Relation, back: Relation) -> None:
    """`other` is `to` to the member at `place`, who is `back` to `other`."""
    members[place].kin.append((other_place, to))
    other.kin.append((place, back))


def _years_after(day: date, years: int) -> date:
    """29 February becomes 28 February."""
    return add_months(day, 12 * years)


def batches(households: Iterator[Household], size: int) -> Iterator[Household]:
    """Whole households put together until there are at least `size` people."""
    batch: Household = []
    for household in households:
        batch.extend(household)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch
