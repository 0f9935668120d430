"""The one place where the national interface's names and codes meet ours.

`FIELDS` is the dictionary: our name, the wire's, and what the wire's is called in Chinese. The structs below spell
every transaction with our names and are renamed by that table; the code tables translate values both ways. Nothing
outside this package ever sees a wire name.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import Meta, Raw

from tongban.doors.gateway.errors import CodeUnknown
from tongban.doors.gateway.scalars import Extension, WireDay, WireFen, WirePrice, WireQuantity, WireSwitch, WireTime
from tongban.kernel.vocabulary import CareKind, CatalogClass, DeliveryKind, InsuranceType, Locality, PersonnelCategory
from tongban.people import CredentialKind, PaymentState
from tongban.settlement import Delivery

# --- names -----------------------------------------------------------------------------------------------------------


class Field(NamedTuple):
    ours: str
    wire: str
    zh: str


FIELDS: Final[tuple[Field, ...]] = tuple(
    Field(*row)
    for row in (
        # envelope
        ("transaction_code", "infno", "交易编号"),
        ("message_id", "msgid", "发送方报文编号"),
        ("treatment_region", "mdtrtarea_admvs", "就医地医保区划"),
        ("insured_region", "insuplc_admdvs", "参保地医保区划"),
        ("operator_no", "opter", "经办人"),
        ("institution_code", "fixmedins_code", "定点医药机构编号"),
        ("institution_name", "fixmedins_name", "定点医药机构名称"),
        ("answer_code", "infcode", "交易状态码"),
        ("receiver_message_id", "inf_refmsgid", "接收方报文编号"),
        ("received_at", "refmsg_time", "接收报文时间"),
        ("answered_at", "respond_time", "响应报文时间"),
        ("error_sentence", "err_msg", "错误信息"),
        ("notice", "warn_msg", "提示信息"),
        # sign-on
        ("sign_on", "signIn", "签到节点"),
        ("sign_off", "signOut", "签退节点"),
        ("sign_on_operator", "opter_no", "操作员编号"),
        ("sign_on_answer", "signinoutb", "签到结果节点"),
        ("sign_off_answer", "signoutoutb", "签退结果节点"),
        ("signed_at", "sign_time", "签到时间"),
        ("sign_on_number", "sign_no", "签到编号"),
        # nodes
        ("visit", "mdtrtinfo", "就诊信息节点"),
        ("diagnoses", "diseinfo", "诊断信息节点"),
        ("lines", "feedetail", "费用明细节点"),
        ("discharge", "dscginfo", "出院信息节点"),
        ("base_info", "baseinfo", "基本信息节点"),
        ("insurance_info", "insuinfo", "参保信息节点"),
        ("identity_info", "idetinfo", "身份信息节点"),
        ("benefits", "trtinfo", "待遇信息节点"),
        ("settlement", "setlinfo", "结算信息节点"),
        ("fund_shares", "setldetail", "基金支付节点"),
        ("rows", "result", "结果节点"),
        # person
        ("person_number", "psn_no", "人员编号"),
        ("person_name", "psn_name", "人员姓名"),
        ("certificate_kind", "psn_cert_type", "证件类型"),
        ("certificate_number", "certno", "证件号码"),
        ("sex", "gend", "性别"),
        ("ethnicity", "naty", "民族"),
        ("birth_date", "brdy", "出生日期"),
        ("age", "age", "年龄"),
        ("credential_kind", "mdtrt_cert_type", "就诊凭证类型"),
        ("credential_number", "mdtrt_cert_no", "就诊凭证编号"),
        ("card_serial", "card_sn", "卡识别码"),
        # insurance
        ("account_balance", "balc", "余额"),
        ("insurance_code", "insutype", "险种类型"),
        ("category_code", "psn_type", "人员类别"),
        ("insurance_state", "psn_insu_stas", "参保状态"),
        ("insured_since", "psn_insu_date", "参保日期"),
        ("paused_since", "paus_insu_date", "暂停参保日期"),
        ("is_civil_servant", "cvlserv_flag", "公务员标志"),
        ("employer_name", "emp_name", "单位名称"),
        ("insured_agency", "insu_optins", "参保机构医保区划"),
        # benefit check
        ("check_kind", "trt_chk_type", "待遇检查类型"),
        ("fund_code", "fund_pay_type", "基金支付类型"),
        ("is_entitled", "trt_enjymnt_flag", "待遇享受标志"),
        ("begins_on", "begndate", "开始日期"),
        ("ends_on", "enddate", "结束日期"),
        ("check_result", "trt_chk_rslt", "待遇检查结果"),
        # visit
        ("encounter_number", "mdtrt_id", "就诊编号"),
        ("care_type", "med_type", "医疗类别"),
        ("begins_at", "begntime", "开始时间"),
        ("ends_at", "endtime", "结束时间"),
        ("visit_serial", "ipt_otp_no", "住院（门诊）号"),
        ("stay_serial", "ipt_no", "住院号"),
        ("doctor_no", "atddr_no", "医师编码"),
        ("doctor_name", "dr_name", "医师姓名"),
        ("chief_doctor_name", "chfpdr_name", "主诊医师姓名"),
        ("department_code", "dept_code", "科室编码"),
        ("department_name", "dept_name", "科室名称"),
        ("admission_department_code", "adm_dept_codg", "入院科室编码"),
        ("admission_department_name", "adm_dept_name", "入院科室名称"),
        ("admission_diagnosis", "adm_diag_dscr", "入院诊断描述"),
        ("bed", "adm_bed", "入院床位"),
        ("main_diagnosis_code", "dscg_maindiag_code", "主诊断代码"),
        ("main_diagnosis_name", "dscg_maindiag_name", "主诊断名称"),
        ("disease_code", "dise_codg", "病种编码"),
        ("disease_name", "dise_name", "病种名称"),
        ("recognised_code", "opsp_dise_code", "门慢门特病种目录代码"),
        ("recognised_name", "opsp_dise_name", "门慢门特病种名称"),
        ("application_kind", "biz_appy_type", "业务申请类型"),
        ("designations", "psnfixmedin", "人员定点信息节点"),
        ("designation_order", "fix_srt_no", "定点排序号"),
        ("discharge_way", "dscg_way", "离院方式"),
        ("delivery_code", "matn_type", "生育类别"),
        ("discharged_on", "dscg_time", "出院时间"),
        ("extension", "exp_content", "字段扩展"),
        ("emergency_member", "er_flag", "急诊标志"),
        ("outpatient_emergency_member", "otp_er_refl_flag", "门诊急诊转诊标志"),
        ("stay_kind_member", "ipt_type", "住院类型"),
        ("trauma_member", "trum_flag", "外伤标志"),
        ("third_party_member", "rel_ttp_flag", "涉及第三方标志"),
        # diagnosis
        ("diagnosis_kind", "diag_type", "诊断类别"),
        ("diagnosis_order", "diag_srt_no", "诊断排序号"),
        ("diagnosis_code", "diag_code", "诊断代码"),
        ("diagnosis_name", "diag_name", "诊断名称"),
        ("is_main_diagnosis", "maindiag_flag", "主诊断标志"),
        ("is_valid", "vali_flag", "有效标志"),
        # charge line
        ("line_serial", "feedetl_sn", "费用明细流水号"),
        ("returned_line_serial", "init_feedetl_sn", "原费用流水号"),
        ("batch", "chrg_bchno", "收费批次号"),
        ("happened_on", "fee_ocur_time", "费用发生时间"),
        ("item_code", "med_list_codg", "医疗目录编码"),
        ("hospital_item_code", "medins_list_codg", "医药机构目录编码"),
        ("line_total", "det_item_fee_sumamt", "明细项目费用总额"),
        ("quantity", "cnt", "数量"),
        ("unit_price", "pric", "单价"),
        ("approval", "hosp_appr_flag", "医院审批标志"),
        ("price_cap", "pric_uplmt_amt", "定价上限金额"),
        ("self_pay_rate", "selfpay_prop", "自付比例"),
        ("self_funded", "fulamt_ownpay_amt", "全自费金额"),
        ("line_over_price_cap", "overlmt_amt", "超限价金额"),
        ("preselfpay", "preselfpay_amt", "先行自付金额"),
        ("in_scope", "inscp_scp_amt", "符合政策范围金额"),
        ("catalog_class", "chrgitm_lv", "收费项目等级"),
        ("charge_kind", "med_chrgitm_type", "医疗收费项目类别"),
        ("is_basic_drug", "bas_medn_flag", "基本药物标志"),
        ("is_negotiated_drug", "hi_nego_drug_flag", "谈判药品标志"),
        ("is_childrens_drug", "chld_medc_flag", "儿童用药标志"),
        ("is_special_item", "list_sp_item_flag", "目录特项标志"),
        ("is_restricted", "lmt_used_flag", "限制使用标志"),
        ("is_directly_settled", "drt_reim_flag", "直报标志"),
        ("remark", "memo", "备注"),
        # settlement
        ("total", "medfee_sumamt", "医疗费总额"),
        ("account_use", "acct_used_flag", "个人账户使用标志"),
        ("is_interim", "mid_setl_flag", "中途结算标志"),
        ("over_price_cap", "overlmt_selfpay", "超限价自费费用"),
        ("settlement_number", "setl_id", "结算编号"),
        ("settled_at", "setl_time", "结算时间"),
        ("deductible", "act_pay_dedc", "实际支付起付线"),
        ("pooled_fund", "hifp_pay", "统筹基金支出"),
        ("pooled_rate", "pool_prop_selfpay", "统筹基金支付比例"),
        ("civil_servant_subsidy", "cvlserv_pay", "公务员医疗补助支出"),
        ("enterprise_supplement", "hifes_pay", "企业补充医疗保险支出"),
        ("critical_illness", "hifmi_pay", "大病保险支出"),
        ("large_expense_subsidy", "hifob_pay", "职工大额医疗费用补助支出"),
        ("medical_assistance", "maf_pay", "医疗救助支出"),
        ("other_funds", "oth_pay", "其他支出"),
        ("disabled_veterans_fund", "hifdm_pay", "伤残人员医疗保障基金支出"),
        ("fund_total", "fund_pay_sumamt", "基金支付总额"),
        ("person_share", "psn_part_amt", "个人负担总金额"),
        ("account_payment", "acct_pay", "个人账户支出"),
        ("cash_payment", "psn_cash_pay", "个人现金支出"),
        ("hospital_share", "hosp_part_amt", "医院负担金额"),
        ("family_account_payment", "acct_mulaid_pay", "个人账户共济支付金额"),
        ("hospital_settlement_id", "medins_setl_id", "医药机构结算编号"),
        ("clearing_agency", "clr_optins", "清算经办机构"),
        ("clearing_way", "clr_way", "清算方式"),
        ("clearing_kind", "clr_type", "清算类别"),
        ("payable_room", "crt_payb_lmt_amt", "本次可支付限额"),
        ("fund_payment", "fund_payamt", "基金支付金额"),
        ("fund_name", "fund_pay_type_name", "基金支付类型名称"),
        ("working", "setl_proc_info", "结算过程信息"),
        ("place_kind", "pay_loc", "支付地点类别"),
        ("hospital_level", "hosp_lv", "医院等级"),
        ("institution_pool", "fixmedins_poolarea", "定点归属机构"),
        ("is_refund", "refd_setl_flag", "退费结算标志"),
        ("benefit_year", "year", "年度"),
        # reversal
        ("original_message_id", "omsgid", "原发送方报文编号"),
        ("original_transaction_code", "oinfno", "原交易编号"),
    )
)

WIRE_NAMES: Final[Mapping[str, str]] = MappingProxyType({field.ours: field.wire for field in FIELDS})
_LABELS: Final[Mapping[str, str]] = MappingProxyType({field.wire: field.zh for field in FIELDS})

# Other spellings seen from running systems → the one used here. `dscgTime` is the provincial text's own.
ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {"Input": "input", "expContent": "exp_content", "dscgTime": "dscg_time", "cert_type": "psn_cert_type"}
)


def label_of(wire_name: str) -> str:
    """``psn_no`` → ``psn_no（人员编号）``."""
    zh = _LABELS.get(wire_name)
    return f"{wire_name}（{zh}）" if zh else wire_name


_NAMES: Final = dict(WIRE_NAMES)
# The cancelling answer of 2208 and the query 5203 have their own words for the same amounts.
_NAMES_2208: Final = _NAMES | {"cash_payment": "pdn_cash_pay"}
_NAMES_5203: Final = _NAMES | {"person_share": "psn_pay", "cash_payment": "cash_payamt"}

Identifier = Annotated[str, Meta(max_length=64)]
Text = Annotated[str, Meta(max_length=500)]
LongText = Annotated[str, Meta(max_length=4000)]


# --- what hospitals send: only what is used is named, everything else is ignored -------------------------------------


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    transaction_code: Annotated[str, Meta(max_length=10)]
    message_id: Identifier
    treatment_region: Identifier
    institution_code: Identifier
    insured_region: Identifier = ""
    operator_no: Text = ""
    sign_on_number: Identifier = ""


class SignOn(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    sign_on_operator: Identifier


class SignOnInput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    sign_on: SignOn


class SignOff(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    sign_on_number: Identifier
    sign_on_operator: Identifier = ""


class SignOffInput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    sign_off: SignOff


class Identify(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    credential_kind: Identifier = ""
    credential_number: Text = ""
    card_serial: Text = ""
    begins_at: WireTime | None = None
    certificate_kind: Identifier = ""
    certificate_number: Identifier = ""
    person_name: Text = ""


class IdentifyInput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    data: Identify


class BenefitCheck(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    person_number: Identifier
    insurance_code: Identifier
    care_type: Identifier
    begins_at: WireTime
    institution_code: Identifier = ""
    disease_code: Identifier = ""


class BenefitCheckInput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    data: BenefitCheck


class Registration(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    person_number: Identifier
    insurance_code: Identifier
    begins_at: WireTime
    credential_kind: Identifier
    visit_serial: Identifier
    credential_number: Text = ""
    person_name: Text = ""
    certificate_number: Identifier = ""
    doctor_no: Text = ""
    doctor_name: Text = ""
    department_code: Text = ""
    department_name: Text = ""


class RegistrationInput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    data: Registration


class Marks(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    """Where the emergency and trauma marks may stand: in the extension, or as members of the node itself."""

    extension: Extension | None = None
    emergency_member: Identifier = ""
    outpatient_emergency_member: Identifier = ""
    stay_kind_member: Identifier = ""
    trauma_member: Identifier = ""
    third_party_member: Identifier = ""


class DiagnosisRow(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    diagnosis_order: Annotated[int, Meta(ge=0, le=999)]
    diagnosis_code: Identifier
    diagnosis_name: Text
    diagnosis_kind: Identifier = "1"
    is_main_diagnosis: WireSwitch = WireSwitch(0)
    is_valid: WireSwitch = WireSwitch(1)


class VisitInfo(Marks, frozen=True, kw_only=True, rename=_NAMES):
    encounter_number: Identifier
    person_number: Identifier
    care_type: Identifier
    begins_at: WireTime
    disease_code: Identifier = ""
    disease_name: Text = ""


class VisitInfoInput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    visit: VisitInfo
    diagnoses: list[DiagnosisRow] = []


class Admission(Marks, frozen=True, kw_only=True, rename=_NAMES):
    person_number: Identifier
    insurance_code: Identifier
    begins_at: WireTime
    credential_kind: Identifier
    care_type: Identifier
    stay_serial: Identifier
    credential_number: Text = ""
    person_name: Text = ""
    certificate_number: Identifier = ""
    doctor_no: Text = ""
    chief_doctor_name: Text = ""
    admission_diagnosis: LongText = ""
    admission_department_code: Text = ""
    admission_department_name: Text = ""
    bed: Text = ""
    main_diagnosis_code: Identifier = ""
    main_diagnosis_name: Text = ""
    disease_code: Identifier = ""
    disease_name: Text = ""
    delivery_code: Identifier = ""


class AdmissionInput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    visit: Admission
    diagnoses: list[DiagnosisRow] = []


class Discharge(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    encounter_number: Identifier
    person_number: Identifier
    ends_at: WireDay
    discharge_way: Identifier = ""
    delivery_code: Identifier = ""


class DischargeInput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    discharge: Discharge
    diagnoses: list[DiagnosisRow] = []


class LineRow(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    line_serial: Identifier
    encounter_number: Identifier
    person_number: Identifier
    happened_on: WireDay
    item_code: Identifier
    line_total: WireFen
    quantity: WireQuantity
    unit_price: WirePrice
    batch: Identifier = ""
    hospital_item_code: Annotated[str, Meta(max_length=150)] = ""
    approval: Identifier = "0"
    returned_line_serial: Identifier | None = None


class LinesInput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    lines: list[LineRow]


class Visit(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    encounter_number: Identifier
    person_number: Identifier


class VisitInput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    """2202, 2404 and 2405 name one visit."""

    data: Visit


class Batch(Visit, frozen=True, kw_only=True, rename=_NAMES):
    batch: Identifier


class BatchInput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    data: Batch


class LineWithdrawal(Visit, frozen=True, kw_only=True, rename=_NAMES):
    line_serial: Identifier


class LineWithdrawalInput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    data: list[LineWithdrawal]


class Bill(Marks, frozen=True, kw_only=True, rename=_NAMES):
    """2206, 2207, 2303 and 2304 ask the same; what only some send is optional."""

    person_number: Identifier
    encounter_number: Identifier
    insurance_code: Identifier
    total: WireFen
    credential_kind: Identifier = ""
    care_type: Identifier = ""
    batch: Identifier = ""
    account_use: Identifier = "0"
    is_interim: WireSwitch = WireSwitch(0)
    self_funded: WireFen | None = None
    over_price_cap: WireFen | None = None
    preselfpay: WireFen | None = None
    in_scope: WireFen | None = None
    discharged_on: WireDay | None = None


class BillInput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    data: Bill


class Settlement(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    """2208, 2305 and 5203 name one settlement."""

    settlement_number: Identifier
    encounter_number: Identifier
    person_number: Identifier


class SettlementInput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    data: Settlement


class PersonQuery(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    """5301 and 5302; only 5302 says for which business."""

    person_number: Identifier
    application_kind: Identifier = ""


class PersonQueryInput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    data: PersonQuery


class Reversal(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    person_number: Identifier
    original_message_id: Identifier
    original_transaction_code: Identifier


class ReversalInput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    data: Reversal


# --- what hospitals are answered ------------------------------------------------------------------------------------


class Answer(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    answer_code: int
    receiver_message_id: str
    received_at: str
    answered_at: str
    error_sentence: str
    notice: str
    output: Any


class SignOnAnswer(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    signed_at: str
    sign_on_number: str


class SignOnOutput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    sign_on_answer: SignOnAnswer


class SignOffAnswer(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    signed_at: str


class SignOffOutput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    """Sources disagree whether the time has a node: it stands in both places."""

    sign_off_answer: SignOffAnswer
    signed_at: str


class PersonInfo(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    person_number: str
    certificate_kind: str
    certificate_number: str
    person_name: str
    sex: str
    birth_date: str
    age: int
    ethnicity: str = ""


class InsuranceInfo(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    account_balance: Raw
    insurance_code: str
    category_code: str
    insurance_state: str
    insured_since: str
    paused_since: str
    is_civil_servant: str
    insured_region: str
    employer_name: str


class IdentifyOutput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    base_info: PersonInfo
    insurance_info: list[InsuranceInfo]
    identity_info: list[Any]


class BenefitRow(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    person_number: str
    check_kind: str
    fund_code: str
    is_entitled: str
    begins_on: str
    ends_on: str
    check_result: str


class BenefitOutput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    benefits: list[BenefitRow]


class RegistrationAnswer(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    encounter_number: str
    person_number: str
    visit_serial: str


class RegistrationOutput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    data: RegistrationAnswer


class AdmissionAnswer(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    encounter_number: str


class AdmissionOutput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES | {"answer": "result"}):
    answer: AdmissionAnswer


class LineAnswer(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    line_serial: str
    line_total: Raw
    quantity: Raw
    unit_price: Raw
    price_cap: Raw
    self_pay_rate: Raw
    self_funded: Raw
    line_over_price_cap: Raw
    preselfpay: Raw
    in_scope: Raw
    catalog_class: str
    charge_kind: str
    is_restricted: str
    remark: str
    is_basic_drug: str = "0"
    is_negotiated_drug: str = "0"
    is_childrens_drug: str = "0"
    is_special_item: str = "0"
    is_directly_settled: str = "0"


class LinesOutput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    rows: list[LineAnswer]


class FundShare(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    fund_code: str
    in_scope: Raw
    payable_room: Raw
    fund_payment: Raw
    fund_name: str
    working: str


class SettlementAmounts(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    """The amounts every settling answer carries under the same name. A struct's renaming covers only its own members,
    so what is spelled differently from answer to answer stands in each of them."""

    total: Raw
    self_funded: Raw
    over_price_cap: Raw
    preselfpay: Raw
    in_scope: Raw
    deductible: Raw
    pooled_fund: Raw
    pooled_rate: Raw
    civil_servant_subsidy: Raw
    enterprise_supplement: Raw
    critical_illness: Raw
    large_expense_subsidy: Raw
    medical_assistance: Raw
    other_funds: Raw
    disabled_veterans_fund: Raw
    fund_total: Raw
    account_payment: Raw
    hospital_share: Raw
    family_account_payment: Raw
    account_balance: Raw


class RecognitionRow(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    recognised_code: str
    recognised_name: str
    begins_on: str
    ends_on: str


class RecognitionOutput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    """Not charge lines, though the interface calls their node the same."""

    lines: list[RecognitionRow]


class DesignationRow(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    person_number: str
    insurance_code: str
    designation_order: str
    institution_code: str
    institution_name: str
    begins_on: str
    ends_on: str


class DesignationOutput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    designations: list[DesignationRow]


class SettlementInfo(SettlementAmounts, frozen=True, kw_only=True, rename=_NAMES):
    """`setlinfo` of 2206, 2207, 2303 and 2304; only the settling two have a number."""

    person_share: Raw
    cash_payment: Raw
    encounter_number: str
    person_number: str
    person_name: str
    certificate_kind: str
    certificate_number: str
    sex: str
    birth_date: str
    age: int
    insurance_code: str
    category_code: str
    is_civil_servant: str
    settled_at: str
    credential_kind: str
    care_type: str
    hospital_settlement_id: str
    clearing_agency: str
    clearing_way: str
    clearing_kind: str
    settlement_number: str | msgspec.UnsetType = msgspec.UNSET


class CancellationInfo(SettlementAmounts, frozen=True, kw_only=True, rename=_NAMES):
    """Amounts with their sign reversed, and the number of the cancelling settlement."""

    person_share: Raw
    encounter_number: str
    person_number: str
    settlement_number: str
    settled_at: str
    insurance_code: str
    category_code: str
    care_type: str
    hospital_settlement_id: str
    clearing_agency: str
    clearing_way: str
    clearing_kind: str


class StayCancellationInfo(CancellationInfo, frozen=True, kw_only=True, rename=_NAMES):
    """`setlinfo` of 2305."""

    cash_payment: Raw


class VisitCancellationInfo(CancellationInfo, frozen=True, kw_only=True, rename=_NAMES_2208):
    """`setlinfo` of 2208, where the cash is called `pdn_cash_pay`."""

    cash_payment: Raw


class SettlementOutput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    settlement: SettlementInfo
    fund_shares: list[FundShare]


class CancellationOutput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    settlement: CancellationInfo
    fund_shares: list[FundShare]


class SettlementQueryInfo(SettlementAmounts, frozen=True, kw_only=True, rename=_NAMES_5203):
    person_share: Raw
    cash_payment: Raw
    settlement_number: str
    encounter_number: str
    person_number: str
    person_name: str
    certificate_kind: str
    certificate_number: str
    sex: str
    birth_date: str
    age: int
    insurance_code: str
    category_code: str
    is_civil_servant: str
    insured_agency: str
    place_kind: str
    institution_code: str
    institution_name: str
    hospital_level: str
    institution_pool: str
    begins_on: str
    ends_on: str
    settled_at: str
    care_type: str
    clearing_kind: str
    clearing_way: str
    clearing_agency: str
    hospital_settlement_id: str
    is_refund: str
    benefit_year: str


class SettlementQueryOutput(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    settlement: SettlementQueryInfo
    fund_shares: list[FundShare]


# --- code tables -----------------------------------------------------------------------------------------------------

RESIDENT_ID_CERTIFICATE: Final = "01"
ITEM_BY_ITEM_CLEARING: Final = "1"
PRICE_WITHOUT_CAP: Final = msgspec.Raw(b"999999")

INSURANCE_CODES: Final[Mapping[InsuranceType, str]] = MappingProxyType(
    {InsuranceType.EMPLOYEE: "310", InsuranceType.RESIDENT: "390"}
)
# The former rural and urban schemes are one by now; hospitals still send their codes.
_INSURANCE_OF: Final = {code: kind for kind, code in INSURANCE_CODES.items()} | {
    "380": InsuranceType.RESIDENT,
    "391": InsuranceType.RESIDENT,
}

CATEGORY_CODES: Final[Mapping[PersonnelCategory, str]] = MappingProxyType(
    {
        PersonnelCategory.ACTIVE: "11",
        PersonnelCategory.RETIRED: "12",
        PersonnelCategory.MINOR: "14",
        PersonnelCategory.ADULT: "15",
        PersonnelCategory.ELDER: "16",
    }
)

# 停保 is a paused enrollment. An employer in arrears leaves it standing: the account pays on, the law decides the rest.
INSURANCE_STATE_CODES: Final[Mapping[PaymentState, str]] = MappingProxyType(
    {PaymentState.PAID: "1", PaymentState.ARREARS: "1", PaymentState.STOPPED: "2"}
)

CREDENTIAL_CODES: Final[Mapping[str, CredentialKind | None]] = MappingProxyType(
    {"01": CredentialKind.MEDICAL_CODE, "02": None, "03": CredentialKind.CARD}
)

CATALOG_CLASS_CODES: Final[Mapping[CatalogClass, str]] = MappingProxyType(
    {CatalogClass.A: "01", CatalogClass.B: "02", CatalogClass.C: "03"}
)

CLEARING_CODES: Final[Mapping[CareKind, str]] = MappingProxyType(
    {CareKind.OUTPATIENT: "11", CareKind.CHRONIC: "14", CareKind.INPATIENT: "21", CareKind.PHARMACY: "41"}
)

PLACE_CODES: Final[Mapping[Locality, str]] = MappingProxyType(
    {Locality.SAME_POOL: "2", Locality.IN_PROVINCE: "3", Locality.CROSS_PROVINCE: "4"}
)


class CareType(NamedTuple):
    """A `med_type`: the kind of care it is, and whether it is by its name a care of injuries, an emergency, or for a
    birth."""

    kind: CareKind
    zh: str
    is_trauma: bool = False
    is_emergency: bool = False
    is_birth: bool = False


CARE_TYPES: Final[Mapping[str, CareType]] = MappingProxyType(
    {
        "11": CareType(CareKind.OUTPATIENT, "普通门诊"),
        "12": CareType(CareKind.OUTPATIENT, "门诊挂号"),
        "13": CareType(CareKind.OUTPATIENT, "急诊", is_emergency=True),
        "14": CareType(CareKind.CHRONIC, "门诊慢特病"),
        "19": CareType(CareKind.OUTPATIENT, "意外伤害门诊", is_trauma=True),
        "9903": CareType(CareKind.OUTPATIENT, "意外伤害门诊", is_trauma=True),
        "21": CareType(CareKind.INPATIENT, "普通住院"),
        "2101": CareType(CareKind.INPATIENT, "普通住院"),
        "22": CareType(CareKind.INPATIENT, "外伤住院", is_trauma=True),
        "23": CareType(CareKind.INPATIENT, "转外诊治住院"),
        "24": CareType(CareKind.INPATIENT, "急诊转住院"),
        "25": CareType(CareKind.INPATIENT, "异地住院"),
        "41": CareType(CareKind.PHARMACY, "定点药店购药"),
        "51": CareType(CareKind.OUTPATIENT, "生育门诊", is_birth=True),
        "52": CareType(CareKind.INPATIENT, "生育住院", is_birth=True),
    }
)


# 5 流产, 6 引产, 7 产前检查 and 9 其他 are sent too: no quota is known for them, nor for any other code.
DELIVERY_CODES: Final[Mapping[str, DeliveryKind]] = MappingProxyType(
    {
        "1": DeliveryKind.NATURAL,
        "2": DeliveryKind.ASSISTED,
        "3": DeliveryKind.CAESAREAN,
        "4": DeliveryKind.DIFFICULT,
    }
)


class Fund(NamedTuple):
    code: str
    zh: str


POOLED_FUNDS: Final[Mapping[InsuranceType, Fund]] = MappingProxyType(
    {
        InsuranceType.EMPLOYEE: Fund("310100", "职工基本医疗保险统筹基金"),
        InsuranceType.RESIDENT: Fund("390100", "城乡居民基本医疗保险基金"),
    }
)
# For employees it is the subsidy for large expenses that takes the critical-illness place.
CRITICAL_ILLNESS_FUNDS: Final[Mapping[InsuranceType, Fund]] = MappingProxyType(
    {
        InsuranceType.EMPLOYEE: Fund("330100", "大额医疗费用补助基金"),
        InsuranceType.RESIDENT: Fund("390200", "城乡居民大病医疗保险基金"),
    }
)
ASSISTANCE_FUND: Final = Fund("610100", "医疗救助基金")
ACCOUNT_FUND: Final = Fund("310200", "职工个人账户")


def insurance_of(code: str) -> InsuranceType:
    kind = _INSURANCE_OF.get(code)
    if kind is None:
        raise CodeUnknown(f"险种 insutype 是 {code[:10]}，这里只能结算 310（职工医保）和 390（居民医保）")
    return kind


def care_type_of(code: str) -> CareType:
    care = CARE_TYPES.get(code)
    if care is None:
        known = "、".join(f"{key} {value.zh}" for key, value in CARE_TYPES.items() if len(key) == 2)
        raise CodeUnknown(f"医疗类别 med_type 是 {code[:10]}，还不能结算。可以用：{known}")
    return care


def delivery_of(code: str) -> Delivery | None:
    """How a child was born; None when nothing was sent. Two-digit codes are sent too."""
    if not code:
        return None
    plain = code.lstrip("0") or "0"
    return Delivery(plain, DELIVERY_CODES.get(plain))


def credential_of(code: str) -> CredentialKind | None:
    """The credential's kind; None for a resident ID number. One-digit codes are sent too."""
    padded = code.zfill(2)
    if padded not in CREDENTIAL_CODES:
        raise CodeUnknown(
            f"就诊凭证类型 mdtrt_cert_type 是 {code[:10]}，只能是 01（医保码）、02（居民身份证）、03（社会保障卡）"
        )
    return CREDENTIAL_CODES[padded]


def sex_code(*, is_male: bool) -> str:
    return "1" if is_male else "2"


def flag(value: bool) -> str:
    return "1" if value else "0"


def hospital_level_code(level: str) -> str:
    """Levels are kept with two digits and sent without the leading zero; unknown is 11 (无等级)."""
    return level.lstrip("0") or "11"
