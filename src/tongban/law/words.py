"""The words of the decision tables: what they are asked with and what they answer. Values are keys in `policies/`."""

from tongban.kernel.vocabulary import Word


class ServiceItem(Word):
    """The four items of the one thing (一件事)."""

    FILING = "filing", "异地就医备案"
    MUTUAL_AID = "mutual_aid", "职工医保个人账户家庭共济"
    CHRONIC = "chronic", "门诊慢特病费用跨省直接结算"
    CLAIM = "claim", "医疗费用报销"


class Channel(Word):
    """By which an item reaches the agency."""

    WECHAT_ACCOUNT = "wechat_account", "山西医保微信公众号"
    GOVERNMENT_NET = "government_net", "山西省政务服务网"
    NATIONAL_MINI_PROGRAM = "national_mini_program", "国家异地就医备案小程序"
    NATIONAL_APP = "national_app", "国家医保服务平台 APP"
    WINDOW = "window", "医保窗口和政务服务窗口"
    PHONE = "phone", "电话"
    FAX = "fax", "传真"
    KIOSK = "kiosk", "自助机"
    OLD_WEB = "old_web", "社保部门的旧网站"
    MINSHENG_APP = "minsheng_app", "民生山西 APP"


class Way(Word):
    """How one applies: papers differ between the two."""

    ONLINE = "online", "网上"
    WINDOW = "window", "窗口"


class Applicant(Word):
    """Who applies: the insured person, or somebody in their place."""

    SELF = "self", "本人"
    OTHER = "other", "别人代办"


class Paper(Word):
    """A paper to have ready that does not depend on the kind of filing."""

    FILING_COMMITMENT = "filing_commitment", "网上的自助开通承诺书"
    FILING_FORM = "filing_form", "《异地就医登记备案个人承诺书》"
    PROXY_IDENTITY = "proxy_identity", "代办人的身份证或户口簿"
    INSURED_IDENTITY = "insured_identity", "参保人的身份证或户口簿"
    CLAIM_COMMITMENT = "claim_commitment", "本人签的承诺书"
    CLAIM_PROXY_COMMITMENT = "claim_proxy_commitment", "代理人签的承诺书"
    CREDENTIAL = "credential", "医保码、身份证或社会保障卡"
    INVOICE = "invoice", "医院的收费票据"
    FEE_LIST = "fee_list", "费用清单"
    DISCHARGE_RECORD = "discharge_record", "出院小结或诊断证明"
    DIAGNOSIS_CERTIFICATE = "diagnosis_certificate", "诊断证明"
    EXAM_REPORT = "exam_report", "检查报告"


class Permission(Word):
    ALLOWED = "allowed", "可以"
    REFUSED = "refused", "不可以"
    UNDETERMINED = "undetermined", "没有查到规定"


class ChannelState(Word):
    OPEN = "open", "自己就能办"
    STAFF_ONLY = "staff_only", "只由经办录入"
    OFF = "off", "没有开"
    UNDETERMINED = "undetermined", "没有查到规定"


class PlaceLevel(Word):
    """How exactly a filing names where one goes."""

    PROVINCE = "province", "备案到省一级"
    CITY = "city", "备案到市一级"


class FilingAct(Word):
    CANCEL = "cancel", "取消"
    CHANGE = "change", "改"
    EXTEND = "extend", "到期接着用"


class FilingActor(Word):
    """Who wants to change a filing. `PROXY` is whoever made it for the insured person."""

    INSURED_PERSON = "insured_person", "参保人本人"
    PROXY = "proxy", "替他备案的人"
    STRANGER = "stranger", "别的人"


class CareStage(Word):
    """How far a stay has come when somebody wants to file."""

    BEFORE_ADMISSION = "before_admission", "还没住院"
    IN_HOSPITAL = "in_hospital", "正在住院"
    DISCHARGED_UNSETTLED = "discharged_unsettled", "出院了，还没结算"
    DISCHARGED_SELF_PAID = "discharged_self_paid", "出院了，已经自己付了"


class LateFiling(Word):
    NOT_NEEDED = "not_needed", "不用备案"
    MAY_FILE = "may_file", "备好就能直接结算"
    FILE_THEN_CLAIM = "file_then_claim", "先补备案，再手工报销"
    TOO_LATE = "too_late", "来不及了"
    UNDETERMINED = "undetermined", "没有查到规定"


class EmergencyStanding(Word):
    """What an emergency counts as, with and without the hospital's mark."""

    NOT_NEEDED = "not_needed", "不用备案"
    AS_FILED = "as_filed", "算作已经备案"
    AS_UNREFERRED = "as_unreferred", "按没有转诊算"
    MUST_FILE = "must_file", "也要先备案"
    UNDETERMINED = "undetermined", "没有查到规定"


class PapersState(Word):
    SUPPLIED = "supplied", "材料交齐了"
    PROMISED = "promised", "凭承诺，材料还没交"


class DualBenefit(Word):
    BOTH_PLACES = "both_places", "备案地和参保地都照常"
    FILED_PLACE_ONLY = "filed_place_only", "先只有备案地照常"
    UNDETERMINED = "undetermined", "没有查到规定"


class Act(Word):
    """What somebody may want to do in another's place."""

    FILE = "file", "替人备案"
    CLAIM = "claim", "替人申请报销"
    AUTHORISE = "authorise", "替人授权个人账户"
    RECOGNISE = "recognise", "替人申请慢特病认定"


class Giver(Word):
    """Who wants to let the family use a personal account."""

    EMPLOYEE = "employee", "职工医保参保人"
    PUBLICLY_FUNDED = "publicly_funded", "公费医疗人员"
    RESIDENT = "resident", "居民医保参保人"


class InsuranceState(Word):
    """Whether contributions are paid, owed, or the insurance has ended."""

    PAID = "paid", "正常缴费"
    ARREARS = "arrears", "欠缴"
    STOPPED = "stopped", "已停保"


class SharedExpense(Word):
    """What a shared personal account might pay."""

    CARE = "care", "看病自己付的部分"
    PHARMACY = "pharmacy", "定点药店买药"
    RESIDENT_PREMIUM = "resident_premium", "居民医保的个人缴费"
    LONG_TERM_CARE_PREMIUM = "long_term_care_premium", "长期护理保险的个人缴费"
    OTHER_PREMIUM = "other_premium", "别的保险的个人缴费"


class SharingEvent(Word):
    """What may end a sharing of a personal account."""

    GIVER_REVOKES = "giver_revokes", "授权的人要解除"
    FAMILY_TIE_ENDS = "family_tie_ends", "不再是亲属"
    GIVER_INSURANCE_ENDS = "giver_insurance_ends", "授权的人停保"
    RECEIVER_INSURANCE_ENDS = "receiver_insurance_ends", "受益的人停保"
    END_MOVED_EARLIER = "end_moved_earlier", "结束日期往前改"
    END_MOVED_LATER = "end_moved_later", "结束日期往后改"


class SharingEnd(Word):
    ENDS = "ends", "马上结束"
    MUST_REVOKE = "must_revoke", "要马上解除"
    ALLOWED = "allowed", "可以"
    REFUSED = "refused", "不可以"
    UNDETERMINED = "undetermined", "没有查到规定"


class Payable(Word):
    PAYABLE = "payable", "可以付"
    NOT_PAYABLE = "not_payable", "不可以付"
    UNDETERMINED = "undetermined", "没有查到规定"


class ClaimCare(Word):
    """Which care a claim is for."""

    INPATIENT = "inpatient", "住院"
    MATERNITY_INPATIENT = "maternity_inpatient", "生育住院"
    OUTPATIENT = "outpatient", "普通门诊"
    CHRONIC = "chronic", "门诊慢特病"
    PHARMACY = "pharmacy", "药店购药"


class PaidHow(Word):
    IN_FULL_BY_SELF = "in_full_by_self", "全部自己付的"
    SETTLED_DIRECTLY = "settled_directly", "已经直接结算"


class ClaimRoute(Word):
    ONLINE = "online", "网上申请"
    WINDOW = "window", "到参保地窗口申请"
    NOT_PAYABLE = "not_payable", "不能再报"
    UNDETERMINED = "undetermined", "没有查到规定"


class ThirdParty(Word):
    """Whether somebody else answers for an injury."""

    NONE = "none", "没有别人的责任"
    LIABLE = "liable", "有别人的责任"
    UNCLEAR = "unclear", "还说不清"


class InjuryDecision(Word):
    PAYABLE = "payable", "可以直接结算"
    SIGN_FIRST = "sign_first", "先签承诺书"
    NOT_PAYABLE = "not_payable", "医保不付"
    UNDETERMINED = "undetermined", "没有查到规定"


class ChronicSettlement(Word):
    DIRECT = "direct", "可以直接结算"
    RECOGNISE_FIRST = "recognise_first", "先认定病种"
    FILE_FIRST = "file_first", "先备案"
    NOT_DIRECT = "not_direct", "不能直接结算"
    UNDETERMINED = "undetermined", "没有查到规定"


class Conduct(Word):
    """What the fund regulation punishes."""

    MISUSES_CREDENTIAL = "misuses_credential", "把医保凭证给别人用、重复享受待遇、倒卖药品"
    DEFRAUDS = "defrauds", "为了骗保这样做，或者用假材料"
    PROVIDER_OVERCHARGES = "provider_overcharges", "医药机构分解住院、多收费、串换项目"
    PROVIDER_HIDES_RECORDS = "provider_hides_records", "医药机构不留资料、不传数据、拒绝检查"
    PROVIDER_DEFRAUDS = "provider_defrauds", "医药机构骗保"


class Penalty(Word):
    REPAY_AND_SUSPEND = "repay_and_suspend", "退钱，停联网结算"
    REPAY_SUSPEND_AND_FINE = "repay_suspend_and_fine", "退钱，停联网结算，罚款"
    CORRECT_OR_FINE = "correct_or_fine", "改正，不改就罚款"
    REPAY_FINE_AND_CLOSE = "repay_fine_and_close", "退钱，罚款，停服务或解除协议"
    UNDETERMINED = "undetermined", "没有查到规定"
