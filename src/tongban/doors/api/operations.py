"""What the open API offers, said once: the routes, the description for programs and the page for people follow it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tongban.doors.documents import LIST_UNIT

BASE = "/api/v1/law"


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something in the address. `place` is "query" or "path"."""

    name: str
    place: str
    schema: Mapping[str, Any]
    zh: str
    example: str = ""

    @property
    def is_required(self) -> bool:
        return self.place == "path"


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing to ask. `request` and `answer` name schemas; `refusals` the HTTP statuses a refusal may have."""

    method: str
    path: str
    id: str
    zh: str
    description: str
    answer: str
    request: str = ""
    parameters: tuple[Parameter, ...] = ()
    examples: Mapping[str, Any] = field(default_factory=dict)
    refusals: tuple[int, ...] = (422,)


DAY = {"type": "string", "format": "date"}
ON = Parameter("on", "query", DAY, "哪一天；不写就是今天", "2026-11-22")

_WHO = {"insured_pool": "140100", "insurance_type": "resident", "category": "adult"}
_BILL = {"total_fen": 3_860_000, "self_funded_fen": 240_000, "over_price_cap_fen": 0, "preselfpay_fen": 92_000}
QUESTION_EXAMPLE = {
    "insured_pool": "140100",
    "insurance_type": "resident",
    "locality": "cross_province",
    "situation": "own_choice",
    "care": "inpatient",
    "on": "2026-11-22",
}
CASE_EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "inpatient": {
        "rule": "inpatient",
        **_WHO,
        "locality": "cross_province",
        "path": "referral",
        "price_class": "class_1",
        "admitted_on": "2026-11-12",
        "settled_on": "2026-11-21",
        **_BILL,
        "in_scope_fen": 3_528_000,
    },
    "outpatient": {
        "rule": "outpatient",
        "insured_pool": "140200",
        "insurance_type": "employee",
        "category": "retired",
        "locality": "same_pool",
        "path": "home",
        "price_class": "class_2_city",
        "visited_on": "2026-11-20",
        "settled_on": "2026-11-20",
        "total_fen": 32_000,
        "self_funded_fen": 2_000,
        "over_price_cap_fen": 0,
        "preselfpay_fen": 0,
        "in_scope_fen": 30_000,
        "pooled_before_fen": 60_000,
    },
    "chronic": {
        "rule": "chronic",
        **_WHO,
        "locality": "same_pool",
        "path": "home",
        "disease": "hypertension_medication",
        "visited_on": "2026-11-20",
        "settled_on": "2026-11-20",
        "total_fen": 18_000,
        "self_funded_fen": 0,
        "over_price_cap_fen": 0,
        "preselfpay_fen": 0,
        "in_scope_fen": 18_000,
    },
    "maternity": {
        "rule": "maternity",
        "insured_pool": "140100",
        "insurance_type": "employee",
        "category": "active",
        "locality": "same_pool",
        "path": "home",
        "delivery": "natural",
        "institution_level": "level_3",
        "admitted_on": "2026-11-12",
        "settled_on": "2026-11-15",
        "total_fen": 620_000,
        "self_funded_fen": 20_000,
        "over_price_cap_fen": 0,
        "preselfpay_fen": 0,
        "in_scope_fen": 600_000,
    },
    "account_only": {
        "rule": "account_only",
        "reason": "pharmacy",
        "insured_pool": "140100",
        "insurance_type": "employee",
        "category": "active",
        "visited_on": "2026-11-20",
        "settled_on": "2026-11-20",
        "total_fen": 8_600,
        "self_funded_fen": 0,
        "over_price_cap_fen": 0,
        "preselfpay_fen": 0,
        "in_scope_fen": 8_600,
    },
}

ADVICE_EXAMPLE = {
    **_WHO,
    "situation": "own_choice",
    "care": "inpatient",
    "on": "2026-11-22",
    "locality": "cross_province",
}
ESTIMATE_EXAMPLE = {
    **_WHO,
    "care": "inpatient",
    "on": "2026-11-22",
    "locality": "cross_province",
    **_BILL,
}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="post",
        path=f"{BASE}/decide",
        id="decide",
        zh="要不要先备案",
        description="去外地看病前，这种情形要不要先备案。没有查到规定时，outcome 是 undetermined，并说请问谁。",
        request="Question",
        answer="DecisionDocument",
        examples={"decide": QUESTION_EXAMPLE},
        refusals=(400, 413, 422, 429),
    ),
    Operation(
        method="post",
        path=f"{BASE}/compute",
        id="compute",
        zh="一笔费用谁付多少",
        description="按参保地的规定算一笔费用，给出每一步的数。先按就医地目录分好五项金额。"
        "缺规定时不猜：breakdown 是 null，undetermined 说缺什么、请问谁。",
        request="Case",
        answer="AssessmentDocument",
        parameters=(
            Parameter(
                "explain", "query", {"type": "boolean", "default": False}, "加上每一步怎么算、依据是什么", "true"
            ),
        ),
        examples=CASE_EXAMPLES,
        refusals=(400, 413, 422, 429),
    ),
    Operation(
        method="post",
        path=f"{BASE}/advise",
        id="advise",
        zh="出门看病前问三句",
        description="去哪里、为什么去、看哪种病：要不要备案、谁来办、要什么材料、管多久、不办少报多少。"
        "treatment_pool 和 locality 写一个就行，都写时看 treatment_pool。不写 category，就只给对谁都一样的数。",
        request="AdviceQuestion",
        answer="AdviceDocument",
        examples={"advise": ADVICE_EXAMPLE},
        refusals=(400, 413, 422, 429),
    ),
    Operation(
        method="post",
        path=f"{BASE}/estimate",
        id="estimate",
        zh="同一笔费用，几种去法各付多少",
        description="在参保地看、备了长期居住、转诊、急诊、自己去，各自己付多少，比在参保地多付多少。"
        "能报的部分由总费用减去另外三项。",
        request="EstimateQuestion",
        answer="EstimateDocument",
        examples={"estimate": ESTIMATE_EXAMPLE},
        refusals=(400, 413, 422, 429),
    ),
    Operation(
        method="get",
        path=f"{BASE}/parameters",
        id="list_parameters",
        zh="有哪些参数和名单",
        description=f"规则用到的全部参数和名单：名称、中文名、单位、随什么而变。单位 {LIST_UNIT} 表示名单。",
        answer="ParametersDocument",
        refusals=(422, 429),
    ),
    Operation(
        method="get",
        path=f"{BASE}/parameters/{{name}}",
        id="show_parameter",
        zh="一个参数在某一天有效的数",
        description="每个数带地区、情形、起止日期、出处和可靠程度。"
        "写了 pool，只给那个参保地用的数，市没有规定的用省的；不写，给每个地区自己的。",
        answer="ParameterDocument",
        parameters=(
            Parameter("name", "path", {"type": "string"}, "参数或名单的名称", "inpatient_adjustment"),
            ON,
            Parameter("pool", "query", {"type": "string"}, "参保地的代码或名称", "140100"),
        ),
        refusals=(404, 422, 429),
    ),
    Operation(
        method="get",
        path=f"{BASE}/gaps",
        id="list_gaps",
        zh="哪些规定没有查到",
        description="某一天没有来源说到的：参数、判断表的行、名单和事项，带原因和请问谁。",
        answer="GapsDocument",
        parameters=(ON,),
        refusals=(422, 429),
    ),
    Operation(
        method="get",
        path=f"{BASE}/conflicts",
        id="list_conflicts",
        zh="哪些说法有分歧",
        description="来源说法不一的每一处：几种读法、各自的来源、现在用哪种、为什么、谁负责、哪天再看。",
        answer="ConflictsDocument",
        refusals=(422, 429),
    ),
    Operation(
        method="get",
        path=f"{BASE}/version",
        id="show_version",
        zh="规则的版本",
        description="规则版本、最早从哪天起有规定、收进了哪些统筹区。版本一样，算出来的就一样。",
        answer="VersionDocument",
        refusals=(422, 429),
    ),
)


def example_path(operation: Operation) -> str:
    """The operation's address with the example values of its parameters."""
    path = operation.path
    for parameter in operation.parameters:
        path = path.replace(f"{{{parameter.name}}}", parameter.example)
    query = "&".join(f"{p.name}={p.example}" for p in operation.parameters if p.place == "query" and p.example)
    return f"{path}?{query}" if query else path
