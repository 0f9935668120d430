"""The words of a journey 一件事: a life event, whose it is, and the errands it brings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from tongban.advice import Advice
from tongban.kernel.identifiers import JOURNEY, OutsideNumber
from tongban.kernel.vocabulary import CareKind, FilingKind, Relation, Situation, Word
from tongban.law import ClaimCare, Material


class PartKind(Word):
    """The errands, by the names of the state's list."""

    RECOGNITION = "recognition", "门诊慢特病认定"
    FILING = "filing", "异地就医备案"
    MUTUAL_AID = "mutual_aid", "家庭共济"
    SETTLEMENT = "settlement", "直接结算"
    CLAIM = "claim", "医疗费报销"


class PartState(Word):
    """How an errand stands; the word is what the person sees."""

    NOT_NEEDED = "not_needed", "不用办"
    TO_DO = "to_do", "要办"
    BEGUN = "begun", "办了一半"
    UNDER_WAY = "under_way", "正在审核"
    DONE = "done", "办好了"
    OPTIONAL = "optional", "可办可不办"
    LATER = "later", "到时候再办"
    BY_HOSPITAL = "by_hospital", "医院来办"
    ASK = "ask", "要先问一下"


class FirstDay(Word):
    """What the day is on which a life event begins: on it depends what may be made of it."""

    ADMISSION = "admission", "住院那天"
    VISITS = "visits", "开始看病那天"
    LIVING = "living", "开始住那天"


OPEN_STATES = frozenset({PartState.TO_DO, PartState.BEGUN, PartState.ASK, PartState.BY_HOSPITAL})
"""States that keep a journey from going on to what comes later."""


@dataclass(frozen=True, slots=True)
class LifeEvent:
    """What happens in a family. `why`: the situations it may be; one alone is not asked for. `kinds`: those of
    filing that fit it; empty: whatever the situation takes. `claim_care`: as what its bills are claimed. `begins`: the
    question for the first day, `first_day` what that day is."""

    key: str
    title: str
    line: str
    icon: str
    care: CareKind
    why: tuple[Situation, ...]
    parts: tuple[PartKind, ...]
    begins: str
    first_day: FirstDay
    kinds: tuple[FilingKind, ...] = ()
    claim_care: ClaimCare = ClaimCare.INPATIENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """What was said once. `relation`: what the insured person is to whoever opened it; None for oneself."""

    person_id: int
    journey_serial: int
    event: str
    care: CareKind
    situation: Situation
    enrollment_no: int
    treatment_pool: str
    starts_on: date
    opened_by: int
    relation: Relation | None
    opened_at: datetime
    closed_at: datetime | None

    @property
    def number(self) -> str:
        return str(OutsideNumber(JOURNEY, self.person_id, self.journey_serial))

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


@dataclass(frozen=True, slots=True)
class Part:
    """One errand as it stands today, read from its own records.

    `why` says in plain sentences what decided it. `number` is the outside number of what it has become, `draft` the
    draft that lies half done; both empty otherwise, and where the viewer may not see the record. `by` is the day by
    which it should be done, None where there is none. `may_still`: not needed, yet open to the viewer who wants it.
    """

    kind: PartKind
    state: PartState
    why: str
    number: str = ""
    draft: str = ""
    by: date | None = None
    may_still: bool = False

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


@dataclass(frozen=True, slots=True)
class Progress:
    """All parts in their order, and the one to deal with now; None while there is nothing to do.

    `papers` are what an open filing asks to have, by its kind; `kept` of them, by the law's code, lie here already.
    `advice` is what the law says of the filing; None while the person is not insured.
    """

    journey: Journey
    parts: tuple[Part, ...]
    papers: tuple[tuple[FilingKind, tuple[Material, ...]], ...]
    kept: frozenset[str]
    ask: str
    advice: Advice | None = None

    @property
    def next_part(self) -> Part | None:
        return next((part for part in self.parts if part.is_open), None)

    @property
    def settled_count(self) -> int:
        """Parts with which nothing has to be done any more."""
        return sum(part.state in (PartState.DONE, PartState.NOT_NEEDED) for part in self.parts)


Known = Mapping[str, Mapping[str, str]]
"""Answers for a draft: step → field → value."""
