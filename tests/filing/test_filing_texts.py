"""Notice and commitment: only what concerns this filing, and a version that moves with every word."""

from pathlib import Path

import pytest

from tongban.filing import load_texts
from tongban.kernel.vocabulary import FilingKind, Locality

TEXTS = load_texts()


@pytest.mark.parametrize("kind", FilingKind)
@pytest.mark.parametrize("where", [Locality.IN_PROVINCE, Locality.CROSS_PROVINCE])
def test_every_kind_has_a_notice_that_warns_of_false_data(kind: FilingKind, where: Locality) -> None:
    notice = TEXTS.notice(kind, where)
    said = "".join(clause.plain for clause in notice.clauses)
    assert "《医疗保障基金使用监督管理条例》" in said
    assert "取消" in said
    assert "**" not in said


def test_the_notice_holds_only_the_clauses_of_the_kind() -> None:
    retiree = {c.clause_id for c in TEXTS.notice(FilingKind.SETTLED_RETIREE, Locality.CROSS_PROVINCE).clauses}
    traveller = {c.clause_id for c in TEXTS.notice(FilingKind.UNREFERRED, Locality.CROSS_PROVINCE).clauses}
    assert "settled_proof" in retiree
    assert "six_months" in retiree
    assert not {"posted_proof", "resident_proof", "unreferred_rate"} & retiree
    assert not {"settled_proof", "six_months", "both_places"} & traveller
    whole = {c.clause_id for c in TEXTS.whole_notice()}
    assert retiree | traveller < whole


def test_six_months_are_asked_only_across_provinces() -> None:
    in_province = {c.clause_id for c in TEXTS.notice(FilingKind.LONG_TERM_RESIDENT, Locality.IN_PROVINCE).clauses}
    assert "six_months" not in in_province


def test_the_commitment_says_all_it_must() -> None:
    signed = TEXTS.commitment(FilingKind.LONG_TERM_RESIDENT, place="河北省唐山市", proof="居住证或居住证明").text
    for word in (
        "告知书",
        "属实",
        "有效",
        "异地长期居住人员",
        "居住证或居住证明",
        "承担",
        "河北省唐山市",
        "监督管理条例",
    ):
        assert word in signed
    assert "{" not in signed


def test_whoever_needs_no_proof_promises_none() -> None:
    plain = TEXTS.commitment(FilingKind.UNREFERRED, place="北京市", proof="")
    assert "证明" not in plain.text
    assert len(plain.points) == 3


def test_a_place_that_looks_like_a_placeholder_is_only_text() -> None:
    assert "{kind}市" in TEXTS.commitment(FilingKind.UNREFERRED, place="{kind}市", proof="").text


def test_another_word_is_another_version(tmp_path: Path) -> None:
    own = Path(load_texts.__wrapped__.__code__.co_filename).parent / "commitment.yaml"
    changed = own.read_text(encoding="utf-8").replace("明白", "清楚")
    (tmp_path / "commitment.yaml").write_text(changed, encoding="utf-8")
    replaced = load_texts(tmp_path)
    arguments = {"place": "北京市", "proof": ""}
    ours = TEXTS.commitment(FilingKind.UNREFERRED, **arguments)
    theirs = replaced.commitment(FilingKind.UNREFERRED, **arguments)
    assert ours.version != theirs.version
    assert "清楚" in theirs.text
    # What the agency did not replace is ours.
    assert replaced.notice(FilingKind.UNREFERRED, Locality.IN_PROVINCE) == TEXTS.notice(
        FilingKind.UNREFERRED, Locality.IN_PROVINCE
    )


def test_frequent_places_are_pool_codes() -> None:
    assert len(TEXTS.frequent_places) >= 6
    assert all(len(code) == 6 and code.isdigit() for code in TEXTS.frequent_places)
