"""JSON ⇄ the law's questions, cases and answers: one reading and one writing for the open API and the command line."""

from tongban.doors.documents.errors import (
    AmountTooLarge,
    DayOutsideLaw,
    DocumentMalformed,
    DocumentTooLong,
    FieldType,
    ParameterUnknown,
    PlaceInvalid,
)
from tongban.doors.documents.forms import Form, read_day, words_of
from tongban.doors.documents.labels import LABELS, RULES_ZH, Label
from tongban.doors.documents.listing import (
    LIST_UNIT,
    UNITS_ZH,
    ConflictDocument,
    ConflictsDocument,
    GapsDocument,
    ParameterDocument,
    ParametersDocument,
    VersionDocument,
    conflicts_document,
    gaps_document,
    parameter_document,
    parameters_document,
    version_document,
)
from tongban.doors.documents.reading import CASE_FORM, QUESTION_FORM
from tongban.doors.documents.schema import Schemas
from tongban.doors.documents.shape import Field, Kind
from tongban.doors.documents.writing import (
    Answers,
    AssessmentDocument,
    DecisionDocument,
    document,
    problem_document,
)

__all__ = [
    "Answers",
    "QUESTION_FORM",
    "CASE_FORM",
    "Form",
    "Field",
    "Kind",
    "words_of",
    "LABELS",
    "Label",
    "RULES_ZH",
    "AssessmentDocument",
    "DecisionDocument",
    "document",
    "problem_document",
    "ParameterDocument",
    "ParametersDocument",
    "VersionDocument",
    "parameter_document",
    "parameters_document",
    "version_document",
    "LIST_UNIT",
    "UNITS_ZH",
    "GapsDocument",
    "gaps_document",
    "ConflictsDocument",
    "ConflictDocument",
    "conflicts_document",
    "read_day",
    "Schemas",
    "DocumentMalformed",
    "DocumentTooLong",
    "FieldType",
    "AmountTooLarge",
    "PlaceInvalid",
    "DayOutsideLaw",
    "ParameterUnknown",
]
