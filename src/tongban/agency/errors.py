"""What an operator can be told. Each sentence says what to do next."""

from tongban.kernel.errors import NotFound, Refusal


class CaseNotFound(NotFound):
    """No such case, or one of a pool the operator does not work for."""

    code = "agency_case_not_found"

    def __init__(self) -> None:
        super().__init__("您管的统筹区里没有这个编号，请核对。别处参保的，请转给那里的经办机构")


class NothingSaid(Refusal):
    """A citizen is asked or refused something, and the sentence that tells them why says nothing."""

    code = "agency_nothing_said"
