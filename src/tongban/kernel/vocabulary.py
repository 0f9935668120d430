"""The field's words as enumerations. Each value is the text stored in the database and used as key in policies;
`zh` is what a person reads. Wire codes live in the gateway, nowhere else."""

from enum import StrEnum
from typing import Self


class Word(StrEnum):
    """A term with a Chinese label."""

    zh: str

    # Every member states its label; the default is there because `InsuranceType("employee")` finds a member by value.
    def __new__(cls, value: str, zh: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.zh = zh
        return member


class InsuranceType(Word):
    EMPLOYEE = "employee", "职工医保"
    RESIDENT = "resident", "居民医保"


class PersonnelCategory(Word):
    """What the enrollment says of the person; an employee-insured person is active or retired."""

    ACTIVE = "active", "在职"
    RETIRED = "retired", "退休"
    MINOR = "minor", "未成年居民"
    ADULT = "adult", "成年居民"
    ELDER = "elder", "老年居民"


class Locality(Word):
    """Where care is given, seen from the insured region."""

    SAME_POOL = "same_pool", "参保地"
    IN_PROVINCE = "in_province", "省内异地"
    CROSS_PROVINCE = "cross_province", "跨省"


class Situation(Word):
    """Why care is sought elsewhere."""

    LONG_TERM = "long_term", "长期居住"
    REFERRAL = "referral", "转诊"
    EMERGENCY = "emergency", "急诊抢救"
    OWN_CHOICE = "own_choice", "非急诊且未转诊"


class CareKind(Word):
    INPATIENT = "inpatient", "住院"
    OUTPATIENT = "outpatient", "普通门诊"
    CHRONIC = "chronic", "门诊慢特病"
    PHARMACY = "pharmacy", "药店购药"


class FilingKind(Word):
    """The kinds a person files; the emergency mark is the hospital's and never filed."""

    SETTLED_RETIREE = "settled_retiree", "异地安置退休人员"
    LONG_TERM_RESIDENT = "long_term_resident", "异地长期居住人员"
    POSTED_WORKER = "posted_worker", "常驻异地工作人员"
    SELF_EMPLOYED_WORKER = "self_employed_worker", "异地就业创业人员"
    REFERRAL = "referral", "异地转诊就医人员"
    UNREFERRED = "unreferred", "非急诊且未转诊就医人员"

    @property
    def situation(self) -> Situation:
        if self is FilingKind.REFERRAL:
            return Situation.REFERRAL
        return Situation.OWN_CHOICE if self is FilingKind.UNREFERRED else Situation.LONG_TERM


class PriceClass(Word):
    """Shanxi's price classes: 一类 is the highest, 三类 the lowest. Not the hospital's level (一级 is the lowest)."""

    CLASS_1 = "class_1", "一类"
    CLASS_2_CITY = "class_2_city", "二类（省市级）"
    CLASS_2_COUNTY = "class_2_county", "二类（县级）"
    CLASS_3 = "class_3", "三类及以下"


class InstitutionLevel(Word):
    """A hospital's level: 三级 is the highest, 一级 the lowest. Not Shanxi's price class (一类 is the highest)."""

    LEVEL_1 = "level_1", "一级"
    LEVEL_2 = "level_2", "二级"
    LEVEL_3 = "level_3", "三级"


class ChronicDisease(Word):
    """The ten diseases that settle across provinces; LOCAL is any other, which only the insured region recognises."""

    HYPERTENSION = "hypertension", "高血压"
    DIABETES = "diabetes", "糖尿病"
    CANCER_THERAPY = "cancer_therapy", "恶性肿瘤门诊放化疗"
    UREMIA_DIALYSIS = "uremia_dialysis", "尿毒症透析"
    TRANSPLANT_ANTIREJECTION = "transplant_antirejection", "器官移植术后抗排异治疗"
    COPD = "copd", "慢性阻塞性肺疾病"
    RHEUMATOID_ARTHRITIS = "rheumatoid_arthritis", "类风湿关节炎"
    CORONARY_HEART_DISEASE = "coronary_heart_disease", "冠心病"
    VIRAL_HEPATITIS = "viral_hepatitis", "病毒性肝炎"
    ANKYLOSING_SPONDYLITIS = "ankylosing_spondylitis", "强直性脊柱炎"
    LOCAL = "local", "别的门诊慢特病"


class MedicationScheme(Word):
    """Residents' drugs for the two diseases (两病), for those not recognised as having 门诊慢特病."""

    HYPERTENSION = "hypertension_medication", "高血压门诊用药"
    TYPE_1_DIABETES = "type_1_diabetes_medication", "1 型糖尿病门诊用药"
    OTHER_DIABETES = "other_diabetes_medication", "糖尿病门诊用药（1 型以外）"


class DeliveryKind(Word):
    """How a child is born, as the quotas tell it apart; 助产 and 难产 stand in different texts and are not merged."""

    NATURAL = "natural", "自然分娩"
    ASSISTED = "assisted", "助产分娩"
    DIFFICULT = "difficult", "难产"
    CAESAREAN = "caesarean", "剖宫产"


class CatalogClass(Word):
    A = "a", "甲类"
    B = "b", "乙类"
    C = "c", "丙类"


class Confidence(Word):
    """How well a number is known. Anything but OFFICIAL is said on the page that shows a result."""

    OFFICIAL = "official", "官方来源"
    SECONDARY = "secondary", "二手来源，未经官方核对"
    ILLUSTRATIVE = "illustrative", "示例，没有来源"


class Relation(Word):
    """What the other person is to the one who is insured or gives."""

    SPOUSE = "spouse", "配偶"
    PARENT = "parent", "父母"
    CHILD = "child", "子女"
    SIBLING = "sibling", "兄弟姐妹"
    GRANDPARENT = "grandparent", "祖父母"
    MATERNAL_GRANDPARENT = "maternal_grandparent", "外祖父母"
    GRANDCHILD = "grandchild", "孙子女"
    DAUGHTERS_CHILD = "daughters_child", "外孙子女"
    OTHER = "other", "其他"

    def said_of(self, *, is_male: bool) -> str:
        """What one calls somebody who is this: 母亲 for a woman who is a parent."""
        return _SAID_OF.get(self, (self.zh, self.zh))[0 if is_male else 1]


_SAID_OF = {
    Relation.SPOUSE: ("丈夫", "妻子"),
    Relation.PARENT: ("父亲", "母亲"),
    Relation.CHILD: ("儿子", "女儿"),
    Relation.SIBLING: ("兄弟", "姐妹"),
    Relation.GRANDPARENT: ("爷爷", "奶奶"),
    Relation.MATERNAL_GRANDPARENT: ("外公", "外婆"),
    Relation.GRANDCHILD: ("孙子", "孙女"),
    Relation.DAUGHTERS_CHILD: ("外孙", "外孙女"),
}
