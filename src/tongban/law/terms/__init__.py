"""From dated parameters to the integers a rule needs, or to the plain reason why there are none: one file per rule."""

from tongban.law.terms.chronic import chronic_terms
from tongban.law.terms.inpatient import inpatient_terms
from tongban.law.terms.lookup import Resolved
from tongban.law.terms.maternity import maternity_terms
from tongban.law.terms.outpatient import outpatient_terms

__all__ = ["Resolved", "chronic_terms", "inpatient_terms", "maternity_terms", "outpatient_terms"]
