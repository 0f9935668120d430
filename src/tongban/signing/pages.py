"""What the last two pages of a flow post: that all was looked through, and the name under it. Pure, for any flow."""

from collections.abc import Mapping
from typing import Final

from tongban.kernel.errors import Refusal
from tongban.signing.errors import CommitmentNotAgreed, NotConfirmed, SignatureRefused, SignatureVoid
from tongban.signing.model import Signature
from tongban.signing.strokes import choose_strokes

REVIEW_KEYS: Final = ("confirmed",)
SIGN_KEYS: Final = ("agree", "sign", "typed", "signed_hash")


def read_confirmed(values: Mapping[str, str], answers_hash: bytes | None) -> list[Refusal]:
    """What is wrong with a review page's values; `answers_hash` None: earlier steps are not all answered.

    The page posts in `confirmed` the hash of what it showed, so that a change made afterwards is looked at again.
    """
    if answers_hash is None:
        return [NotConfirmed("前面还有没填好的，请先补上", field="confirmed")]
    if not values.get("confirmed"):
        return [NotConfirmed("请核对一遍，没有错就点下一步", field="confirmed")]
    if values["confirmed"] != answers_hash.hex():
        return [NotConfirmed("核对以后又改过，请再核对一遍", field="confirmed")]
    return []


def read_signature(
    values: Mapping[str, str], answers_hash: bytes | None, signer_name: str
) -> tuple[Signature | None, list[Refusal]]:
    """The signature a sign page posted, or what is wrong with it, in page order.

    The page posts in `signed_hash` the hash it was shown with: another answer or picture since then voids the name.
    """
    if answers_hash is None:
        return None, [SignatureRefused("前面还有没填好的，补好以后再签名", field="sign")]
    if not any(values.values()):
        return None, [CommitmentNotAgreed("还没有签承诺书", field="agree")]
    if values.get("signed_hash") != answers_hash.hex():
        return None, [SignatureVoid("您改过填的内容，原来的签名作废了，请再签一次", field="sign")]
    problems: list[Refusal] = []
    if not values.get("agree"):
        problems.append(CommitmentNotAgreed("请看完承诺书，在“同意”前面打勾", field="agree"))
    signature = Signature(answers_hash, values.get("sign", ""), values.get("typed", "").strip())
    try:
        choose_strokes(signature, signer_name)
    except Refusal as refusal:
        problems.append(refusal)
    return (None, problems) if problems else (signature, [])
