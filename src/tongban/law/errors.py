"""What the law refuses to load or to answer."""

from tongban.kernel.errors import Refusal


class PolicyError(Exception):
    """The policies cannot be loaded, not even in part. `problems` lists every fault found: file, key, date."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("政策文件有 {} 处要改：\n{}".format(len(problems), "\n".join(problems)))
        self.problems = problems


class FilingTermsUnknown(Refusal):
    """No source says on which terms this kind is filed there."""

    code = "filing_terms_unknown"


class QuestionRefused(Refusal):
    """No such decision table, or an input it does not have: `field` names what is wrong."""

    code = "question_refused"


class CaseRefused(Refusal):
    """A case that cannot be put to the law: `field` names what is wrong, each subclass has a code of its own."""

    code = "case_refused"


class AmountNotWholeFen(CaseRefused):
    code = "amount_not_whole_fen"


class AmountNegative(CaseRefused):
    code = "amount_negative"


class InScopeAboveTotal(CaseRefused):
    code = "in_scope_above_total"


class AmountsDoNotAddUp(CaseRefused):
    code = "amounts_do_not_add_up"


class RuleUnknown(CaseRefused):
    code = "rule_unknown"


class FieldMissing(CaseRefused):
    code = "field_missing"


class FieldUnknown(CaseRefused):
    code = "field_unknown"


class WordUnknown(CaseRefused):
    code = "word_unknown"


class DayUnreadable(CaseRefused):
    code = "day_unreadable"


class DaysOutOfOrder(CaseRefused):
    code = "days_out_of_order"


class PoolUnknown(CaseRefused):
    code = "pool_unknown"


class CategoryDoesNotFit(CaseRefused):
    code = "category_does_not_fit"
