"""JSON ⇄ the law's questions, cases and answers: one reading and one writing for the open API and the command line."""

from tongban.doors.documents.errors import (
    DayOutsideLaw,
    DocumentMalformed,
    DocumentTooLong,
    FieldType,
    ParameterUnknown,
)
from tongban.doors.documents.forms import Form, words_of
from tongban.doors.documents.labels import LABELS, Label
from tongban.doors.documents.listing import (
    ParameterDocument,
    ParameterLine,
    ParametersDocument,
    VersionDocument,
    check_day,
    parameter_document,
    parameters_document,
    version_document,
)
from tongban.doors.documents.reading import CASE_FORM, QUESTION_FORM, Reader
from tongban.doors.documents.shape import Field, Kind, Shape, shape_of
from tongban.doors.documents.writing import (
    Answers,
    AssessmentDocument,
    DecisionDocument,
    document,
    problem_document,
)

__all__ = [
    "Answers",
    "Reader",
    "QUESTION_FORM",
    "CASE_FORM",
    "Form",
    "Shape",
    "Field",
    "Kind",
    "shape_of",
    "words_of",
    "LABELS",
    "Label",
    "AssessmentDocument",
    "DecisionDocument",
    "document",
    "problem_document",
    "ParameterDocument",
    "ParametersDocument",
    "ParameterLine",
    "VersionDocument",
    "parameter_document",
    "parameters_document",
    "version_document",
    "check_day",
    "DocumentMalformed",
    "DocumentTooLong",
    "FieldType",
    "DayOutsideLaw",
    "ParameterUnknown",
]
