"""What is signed under a claim: content that an agency may replace, read from files, each version known by its hash."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tongban.kernel.capitals import capitals
from tongban.kernel.dates import zh_date
from tongban.kernel.identifiers import mask_id_number, mask_phone
from tongban.kernel.money import yuan
from tongban.people import Person
from tongban.reimbursement import rules
from tongban.reimbursement.model import ClaimAnswers
from tongban.signing import Commitment, commitment_from, content_of

_OWN = Path(__file__).parent
_SELF, _PROXY = "commitment_self.yaml", "commitment_proxy.yaml"


@dataclass(frozen=True)
class Texts:
    """The two commitments: of somebody claiming for themselves, and of a proxy."""

    own_file: Mapping[str, Any]
    proxy_file: Mapping[str, Any]

    def commitment(self, answers: ClaimAnswers, *, applicant: Person, patient: Person) -> Commitment:
        """The text that fits who applies, with the stay, the amount in figures and in capitals, and both persons."""
        words = {
            "patient": patient.name,
            "patient_id": mask_id_number(patient.id_number),
            "hospital": answers.institution_name,
            "admitted": zh_date(answers.admitted_on),
            "discharged": zh_date(answers.discharged_on),
            "figures": yuan(answers.total_fen),
            "capitals": capitals(answers.total_fen),
            "injury": "injury" if answers.is_injury else "",
        }
        if answers.relation is None:
            return commitment_from(self.own_file, words)
        return commitment_from(
            self.proxy_file,
            words
            | {
                "proxy": applicant.name,
                "proxy_id": mask_id_number(applicant.id_number),
                "relation": rules.proxy_zh(answers.relation, is_male=applicant.is_male),
                "phone": mask_phone(answers.phone),
                "guardian": "guardian" if answers.card.holder == "guardian" else "",
            },
        )


@lru_cache(maxsize=8)
def load_texts(directory: Path | None = None) -> Texts:
    """The texts of `directory`; a file it lacks is taken from those that come with the product."""
    own, proxy = (
        content_of(directory / name if directory and (directory / name).exists() else _OWN / name)
        for name in (_SELF, _PROXY)
    )
    return Texts(own, proxy)
