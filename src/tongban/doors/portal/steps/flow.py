"""The declaration: what a flow says of its pages, and one draft as a page sees it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from litestar import Response

from tongban.doors.http import Request
from tongban.doors.portal.forms import Problem
from tongban.doors.portal.page import SignedIn
from tongban.drafts import Draft, DraftNotFound
from tongban.infra.clock import day_of
from tongban.infra.db import Db
from tongban.kernel.errors import Refusal

REVIEW = "review"
SIGN = "sign"


class Reading(Protocol):
    """What a draft amounts to on the day."""

    def problems_of(self, step: str, /) -> Sequence[Refusal]:
        """What is wrong with the step, in page order; empty once it is answered."""
        ...

    @property
    def answers_hash(self) -> bytes | None:
        """Over everything that will be signed; None while an answer is missing."""
        ...


R = TypeVar("R", bound=Reading)


class Who(NamedTuple):
    """For whom this is, above each page. `line`: insurance and region in words."""

    name: str
    line: str = ""
    relation: str = ""
    is_self: bool = True
    edit: str = ""


class Kept(NamedTuple):
    """What a step keeps of a form. `problems` are those found while keeping it, such as that no such person was found;
    `for_person_id`: whose matter it is from now on (None: as before)."""

    values: Mapping[str, str]
    for_person_id: int | None = None
    problems: Sequence[Refusal] = ()


class Help(NamedTuple):
    """What a person can look at when handing in was refused."""

    sentence: str
    link_text: str
    url: str


async def no_context(run: "Run[Any]") -> Mapping[str, Any]:
    return {}


def always(draft: Draft) -> bool:
    return True


@dataclass(frozen=True)
class Step(Generic[R]):
    """One page. `keys` name the fields it owns; steps may share a `number`, so that the count stays small.

    `page` gives what the template needs; `applies` takes the page out where the draft does not need it; `before_save`
    turns a form into what is kept (it is called for 先存着 too: then "save" is in the form); `go_anchor` is where the
    page is taken up after an extra button named ``go``; `is_side`: a page people go to by choice, from the review and
    back to it.
    """

    slug: str
    zh: str
    number: int
    keys: tuple[str, ...]
    page: Callable[["Run[R]"], Awaitable[Mapping[str, Any]]] = no_context
    template: str = ""
    applies: Callable[[Draft], bool] = always
    before_save: Callable[["Run[R]", dict[str, str]], Awaitable[Kept]] | None = None
    go_anchor: str = ""
    is_side: bool = False


@dataclass(frozen=True)
class Flow(Generic[R]):
    """A whole errand. `slug` begins its addresses and names its folder of templates; `name` is the drafts' flow.

    `start_url` is where it begins and where a thrown-away draft leads. `submit` hands in: it raises refusals, which are
    shown on the last page. `shared` is context for every page; `about` says in a few words what a draft is about.
    """

    slug: str
    name: str
    title: str
    start_url: str
    steps: Sequence[Step[R]]
    read: Callable[[Request, Db, Draft], Awaitable[R]]
    submit: Callable[["Run[R]"], Awaitable[None]]
    done: Callable[["Run[R]"], Awaitable[Response[Any]]]
    who: Callable[["Run[R]"], Who | None] = lambda run: Who(run.person.name)
    shared: Callable[["Run[R]"], Awaitable[Mapping[str, Any]]] = no_context
    about: Callable[["Run[R]"], str] = lambda run: ""
    help_after: Callable[["Run[R]", Refusal], Help | None] = lambda run, refusal: None

    @property
    def steps_total(self) -> int:
        return max(step.number for step in self.steps)


@dataclass
class Run(Generic[R]):
    """One draft as a page sees it."""

    flow: Flow[R]
    request: Request
    db: Db
    person: SignedIn
    draft: Draft
    reading: R
    steps: Sequence[Step[R]] = field(init=False)

    def __post_init__(self) -> None:
        self.steps = [step for step in self.flow.steps if step.applies(self.draft)]

    @property
    def state(self) -> Any:
        return self.request.app.state

    @property
    def now(self) -> datetime:
        now: datetime = self.state.clock()
        return now

    @property
    def today(self) -> date:
        return day_of(self.now)

    def url(self, step: str) -> str:
        return f"/{self.flow.slug}/{self.draft.draft_id}/{step}"

    def change(self, step: str, field: str = "") -> str:
        """Where a row of the review is changed; it leads back to the review."""
        return f"{self.url(step)}?from={REVIEW}{'#' + field if field else ''}"

    @property
    def comes_from_review(self) -> bool:
        return self.request.query_params.get("from") == REVIEW

    def step(self, slug: str) -> Step[R]:
        """Also one that does not apply to the draft now. Raises DraftNotFound for one that the flow does not have."""
        for step in self.flow.steps:
            if step.slug == slug:
                return step
        raise DraftNotFound(f"没有这一步，请从“{self.flow.title}”重新进入")

    @property
    def next_step(self) -> Step[R]:
        """The first step that still needs an answer; the last once all are given."""
        return next((step for step in self.steps if self.reading.problems_of(step.slug)), self.steps[-1])

    def is_reachable(self, slug: str) -> bool:
        """A page can be shown once all pages before it are answered."""
        order = [step.slug for step in self.steps]
        return slug in order and order.index(slug) <= order.index(self.next_step.slug)

    def problems_of(self, step: Step[R]) -> list[Problem]:
        return [Problem(refusal.field or "", refusal.sentence) for refusal in self.reading.problems_of(step.slug)]
