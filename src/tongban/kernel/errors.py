"""A refusal is a class with a stable code for machines and a plain Chinese sentence for people."""

from typing import ClassVar


class Refusal(Exception):
    """Something the product will not do, said so that the person knows what to do next.

    `code` never changes once published. `sentence` is shown as it is, so it names what is wrong, how to mend it
    and, where it helps, the value that was seen; it never holds a full personal number. `field` is the form field
    the sentence belongs to, when there is one.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 422

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


class NotFound(Refusal):
    code = "not_found"
    status = 404


class NotAllowed(Refusal):
    code = "not_allowed"
    status = 403


class Conflict(Refusal):
    code = "conflict"
    status = 409


class Invalid(Refusal):
    """Several fields are wrong at once: `problems` lists them in page order."""

    code = "invalid"

    def __init__(self, problems: list[Refusal]) -> None:
        super().__init__("；".join(problem.sentence for problem in problems))
        self.problems = problems
