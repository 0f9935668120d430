"""The few made-up residents of the demo whom everybody meets: fixed names, fixed numbers, one story each.

Nobody of them exists. The ID numbers are well-formed and were taken from no register; the phone numbers are never
called, since the demo sends nothing.
"""

from dataclasses import dataclass
from datetime import date

from tongban.kernel.identifiers import id_check_character
from tongban.kernel.vocabulary import InsuranceType, PersonnelCategory, Relation
from tongban.people.model import DemoEnrollment, DemoPerson, PaymentState

_TAIYUAN, _DATONG, _XINZHOU, _LINFEN = "140100", "140200", "140900", "141000"


@dataclass(frozen=True, slots=True)
class CastMember:
    """One of the cast: the person, and what the sign-in page says of them."""

    key: str
    story: str
    person: DemoPerson


def _id_number(division: str, born: date, serial: str) -> str:
    first17 = f"{division}{born:%Y%m%d}{serial}"
    return first17 + id_check_character(first17)


def _resident(
    category: PersonnelCategory, pool_code: str, valid_from: date, valid_to: date | None = None
) -> DemoEnrollment:
    return DemoEnrollment(InsuranceType.RESIDENT, category, pool_code, valid_from, valid_to)


def _employee(
    pool_code: str,
    valid_from: date,
    employer_name: str,
    category: PersonnelCategory = PersonnelCategory.ACTIVE,
    payment_state: PaymentState = PaymentState.PAID,
) -> DemoEnrollment:
    return DemoEnrollment(InsuranceType.EMPLOYEE, category, pool_code, valid_from, None, payment_state, employer_name)


_WANG, _LI, _ZHANG, _LIU = 318204759610243, 604917382055126, 472830915667301, 815360247719084
_GUO, _ZHAO, _CHEN, _GAO = 539174820663915, 926407153880472, 207915648330759, 761038295144608
_HAN = 385029174660218

CAST: tuple[CastMember, ...] = (
    CastMember(
        key="wang_xiuying",
        story="六十多岁，太原居民医保。女儿在北京，想去北京看病。上个月在大同住院，钱是自己垫的，还没报。",
        person=DemoPerson(
            person_id=_WANG,
            name="王秀英",
            is_male=False,
            birth_date=date(1962, 3, 8),
            id_number=_id_number("140105", date(1962, 3, 8), "002"),
            phone="19900000001",
            card_number="A14010001",
            enrollments=(_resident(PersonnelCategory.ADULT, _TAIYUAN, date(2017, 1, 1)),),
            kin=((_LI, Relation.CHILD),),
        ),
    ),
    CastMember(
        key="li_jing",
        story="王秀英的女儿，太原职工医保，被单位派到北京长期工作。",
        person=DemoPerson(
            person_id=_LI,
            name="李静",
            is_male=False,
            birth_date=date(1990, 9, 17),
            id_number=_id_number("140105", date(1990, 9, 17), "046"),
            phone="19900000002",
            card_number="A14010002",
            enrollments=(_employee(_TAIYUAN, date(2014, 7, 1), "太原晋阳软件有限公司（演示）"),),
            account_fen=328_650,
            kin=((_WANG, Relation.PARENT),),
        ),
    ),
    CastMember(
        key="zhang_jianguo",
        story="太原退休职工，冬天去外地的孩子家住。",
        person=DemoPerson(
            person_id=_ZHANG,
            name="张建国",
            is_male=True,
            birth_date=date(1958, 10, 1),
            id_number=_id_number("140107", date(1958, 10, 1), "011"),
            phone="19900000003",
            card_number="A14010003",
            enrollments=(_employee(_TAIYUAN, date(2001, 1, 1), "太原重型设备厂（演示）", PersonnelCategory.RETIRED),),
            account_fen=512_080,
        ),
    ),
    CastMember(
        key="liu_zhiqiang",
        story="大同在职职工，常去太原看病。",
        person=DemoPerson(
            person_id=_LIU,
            name="刘志强",
            is_male=True,
            birth_date=date(1983, 5, 22),
            id_number=_id_number("140213", date(1983, 5, 22), "035"),
            phone="19900000004",
            card_number="B14020001",
            enrollments=(_employee(_DATONG, date(2006, 3, 1), "大同云冈矿山机械公司（演示）"),),
            account_fen=204_500,
        ),
    ),
    CastMember(
        key="guo_xiaoyan",
        story="忻州在职职工，赵玉梅的女儿。忻州职工的规定还没有收齐，有些问题会得到“定不下来”的回答。",
        person=DemoPerson(
            person_id=_GUO,
            name="郭晓燕",
            is_male=False,
            birth_date=date(1979, 12, 3),
            id_number=_id_number("140902", date(1979, 12, 3), "028"),
            phone="19900000005",
            card_number="H14090001",
            enrollments=(_employee(_XINZHOU, date(2003, 9, 1), "忻州第三中学（演示）"),),
            account_fen=189_030,
            kin=((_ZHAO, Relation.PARENT),),
        ),
    ),
    CastMember(
        key="zhao_yumei",
        story="忻州农村的老人，居民医保。医保码还没有激活，常由女儿代办。",
        person=DemoPerson(
            person_id=_ZHAO,
            name="赵玉梅",
            is_male=False,
            birth_date=date(1948, 2, 14),
            id_number=_id_number("140928", date(1948, 2, 14), "002"),
            phone="19900000006",
            card_number="H14090002",
            enrollments=(_resident(PersonnelCategory.ELDER, _XINZHOU, date(2017, 1, 1)),),
            code_state="inactive",
            kin=((_GUO, Relation.CHILD),),
        ),
    ),
    CastMember(
        key="chen_yuhang",
        story="在太原刚上班，有了职工医保，老家临汾的居民医保还没停，办事时要选用哪一个。",
        person=DemoPerson(
            person_id=_CHEN,
            name="陈宇航",
            is_male=True,
            birth_date=date(1999, 7, 30),
            id_number=_id_number("141002", date(1999, 7, 30), "057"),
            phone="19900000007",
            card_number="A14010004",
            enrollments=(
                _resident(PersonnelCategory.MINOR, _LINFEN, date(2010, 1, 1), date(2017, 7, 29)),
                _resident(PersonnelCategory.ADULT, _LINFEN, date(2017, 7, 30)),
                _employee(_TAIYUAN, date(2025, 7, 1), "太原汾河快递有限公司（演示）"),
            ),
            account_fen=68_000,
        ),
    ),
    CastMember(
        key="gao_jianjun",
        story="太原在职职工，单位欠了医保费。",
        person=DemoPerson(
            person_id=_GAO,
            name="高建军",
            is_male=True,
            birth_date=date(1976, 4, 11),
            id_number=_id_number("140106", date(1976, 4, 11), "019"),
            phone="19900000008",
            card_number="A14010005",
            enrollments=(
                _employee(_TAIYUAN, date(1999, 8, 1), "太原北城建材公司（演示）", payment_state=PaymentState.ARREARS),
            ),
            account_fen=421_075,
        ),
    ),
    CastMember(
        key="han_guilan",
        story="太原的老人，居民医保。高血压用药认定过了，冠心病的认定正在等结果。",
        person=DemoPerson(
            person_id=_HAN,
            name="韩桂兰",
            is_male=False,
            birth_date=date(1950, 5, 12),
            id_number=_id_number("140106", date(1950, 5, 12), "024"),
            phone="19900000009",
            card_number="A14010006",
            enrollments=(_resident(PersonnelCategory.ELDER, _TAIYUAN, date(2017, 1, 1)),),
        ),
    ),
)
"""In the order of the sign-in page."""
