"""What a refusal may be called: HTTP statuses and codes with a sentence each, for the description and the page."""

from collections.abc import Mapping
from typing import Final

from tongban.advice import BillRefused, NothingToCompare, PlaceUnknown
from tongban.doors.documents import (
    AmountTooLarge,
    DayOutsideLaw,
    DocumentMalformed,
    DocumentTooLong,
    FieldType,
    ParameterUnknown,
    PlaceInvalid,
)
from tongban.infra.rate import TooOften
from tongban.kernel.errors import Refusal
from tongban.law import errors

STATUSES: Mapping[int, str] = {
    400: "不是 JSON 对象",
    404: "没有这个名称",
    413: "内容太大",
    422: "有字段不对，errors 里一处一条",
    429: "问得太快，请过一分钟再问",
}

# In the order in which a document is read.
CODES: Final[Mapping[type[Refusal], str]] = {
    DocumentMalformed: "不是合格的 JSON，或最外层不是对象",
    DocumentTooLong: "内容超过 64 KB（只在命令行）",
    errors.RuleUnknown: "rule 不是能算的规则",
    errors.FieldUnknown: "有不认识的字段或网址参数",
    errors.FieldMissing: "缺少必填的字段",
    FieldType: "类型不对，例如数写成了文本",
    errors.AmountNotWholeFen: "数带了小数点或指数",
    errors.AmountNegative: "数是负的",
    AmountTooLarge: "数太大",
    errors.DayUnreadable: "不是 2026-11-20 这样的日期，或日历上没有",
    errors.WordUnknown: "不在可以写的词里",
    PlaceInvalid: "地区代码不是六位数字",
    errors.PoolUnknown: "这个参保地的规定没有收进来",
    errors.CategoryDoesNotFit: "这个险种没有这一类人",
    errors.DaysOutOfOrder: "结算日早于看病那天",
    errors.InScopeAboveTotal: "政策范围内比总费用还多",
    errors.AmountsDoNotAddUp: "各部分加起来不等于总费用",
    PlaceUnknown: "没有这个就医地，或不能备案到那里",
    BillRefused: "要比的费用是 0，或各部分比总费用还多",
    NothingToCompare: "这种看病不按次报，没有可比的",
    DayOutsideLaw: "那一天还没有任何规定",
    ParameterUnknown: "没有这个参数或名单",
    TooOften: "一个地址一分钟问得太多",
}
