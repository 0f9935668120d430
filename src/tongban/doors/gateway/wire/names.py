"""The dictionary: our name, the wire's, and what the wire's is called in Chinese."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, NamedTuple

from msgspec import Meta


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


NAMES: Final = dict(WIRE_NAMES)

# The cancelling answer of 2208 and the query 5203 have their own words for the same amounts.
NAMES_2208: Final = NAMES | {"cash_payment": "pdn_cash_pay"}
NAMES_5203: Final = NAMES | {"person_share": "psn_pay", "cash_payment": "cash_payamt"}

Identifier = Annotated[str, Meta(max_length=64)]
Text = Annotated[str, Meta(max_length=500)]
LongText = Annotated[str, Meta(max_length=4000)]
