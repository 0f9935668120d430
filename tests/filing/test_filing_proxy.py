"""Filing for another: two people, two signatures, both persons' papers, and nobody else."""

import asyncio
import io
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from filing_kit import NOW, SHIJIAZHUANG, TODAY, Desk, Registry, Resident
from PIL import Image

from tongban import drafts, materials
from tongban.filing import (
    FLOW,
    Filing,
    FilingAnswers,
    FilingNotFound,
    FilingStatus,
    MedicalCodeNotActive,
    ProxyRefused,
    cancel_filing,
    get_filing,
    list_filings,
    load_texts,
    open_filing,
    proof_zh,
    signature_holds,
)
from tongban.filing.errors import AnswerMissing
from tongban.filing.model import relation_signed_for
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection, connected
from tongban.infra.files import DiskFiles
from tongban.kernel.errors import Invalid
from tongban.kernel.vocabulary import FilingKind, Relation
from tongban.law import Pack, filing_terms
from tongban.materials import MaterialKind, of_subject
from tongban.notices import inbox
from tongban.signing import Signature, SignatureVoid, answers_hash


def _photo(shade: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 400), (shade, 120, 90)).save(out, "JPEG")
    return out.getvalue()


@dataclass
class Counter:
    """李静 files for her mother 王秀英, right unless told otherwise."""

    db: Connection
    vault: Vault
    files: DiskFiles
    desk: Desk
    mother: Resident
    daughter: Resident
    papers: dict[str, str] = field(default_factory=dict)
    sums: dict[str, str] = field(default_factory=dict)
    draft: drafts.Draft | None = None

    async def photograph(self, slot: str, shade: int, kind: MaterialKind, whose: Resident) -> None:
        kept = await materials.accept(
            self.db,
            self.vault,
            self.files,
            person_id=whose.person_id,
            uploaded_by=self.daughter.person_id,
            kind=kind,
            body=_photo(shade),
            now=NOW,
        )
        self.papers[slot], self.sums[slot] = kept.number, kept.sha256
        # Whoever takes a picture of another's paper may use it while it lies in a draft of theirs.
        if self.draft is None:
            self.draft = await drafts.start(self.db, self.vault, person_id=self.daughter.person_id, flow=FLOW, now=NOW)
        await drafts.save_paper(
            self.db,
            self.vault,
            person_id=self.daughter.person_id,
            draft_id=self.draft.draft_id,
            slot=slot,
            material_number=kept.number,
            now=NOW,
        )

    async def photograph_all(self) -> None:
        await self.photograph("proxy_front", 10, MaterialKind.PROXY_ID_FRONT, self.daughter)
        await self.photograph("proxy_back", 20, MaterialKind.PROXY_ID_BACK, self.daughter)
        await self.photograph("insured_register", 30, MaterialKind.HOUSEHOLD_REGISTER_OWN, self.mother)

    def answers(self, **changed: Any) -> FilingAnswers:
        answers = self.desk.answers(self.mother)
        commitment = self.commitment(answers.kind)
        return replace(
            answers,
            **{
                "commitment_version": commitment.version,
                "relation": Relation.PARENT,
                "proxy_phone": "13900000002",
                "papers": dict(self.sums),
                **changed,
            },
        )

    def commitment(self, kind: FilingKind) -> Any:
        region = self.desk.regions.require(SHIJIAZHUANG)
        terms = filing_terms(self.desk.pack, self.mother.pool_code, kind, _where(self), TODAY)
        return load_texts().commitment(
            kind, place=region.full_name, proof=proof_zh(terms.materials), insured=self.mother.name
        )

    def relation_signature(self, relation: Relation = Relation.PARENT, phone: str = "13900000002") -> Signature:
        text = load_texts().relation(insured=self.mother.name, signer=self.daughter.name, relation="母亲")
        bound = relation_signed_for(self.mother.person_id, self.daughter.person_id, relation, phone)
        return Signature(answers_hash(text, bound), typed_name=self.daughter.name)

    async def file(self, answers: FilingAnswers | None = None, **more: Any) -> Filing:
        answers = answers or self.answers()
        bound = answers_hash(
            self.commitment(answers.kind), answers.signed_for(self.mother.person_id, self.daughter.person_id)
        )
        arguments: dict[str, Any] = {
            "person_id": self.mother.person_id,
            "filed_by": self.daughter.person_id,
            "answers": answers,
            "signature": Signature(bound, typed_name=self.daughter.name),
            "relation_signature": self.relation_signature(),
            "papers": self.papers,
            "submit_token": uuid4(),
            "channel": "portal",
            "now": NOW,
        }
        return await open_filing(self.db, self.vault, self.desk.pack, self.desk.regions, **(arguments | more))


def _where(counter: Counter) -> Any:
    from tongban.filing import locality_of

    return locality_of(counter.desk.regions, counter.mother.pool_code, counter.desk.regions.require(SHIJIAZHUANG))


@pytest.fixture
async def counter(db: Connection, vault: Vault, desk: Desk, registry: Registry, tmp_path: Path) -> Counter:
    files = DiskFiles(tmp_path / "files")
    mother, daughter = await registry.add("王秀英"), await registry.add("李静", category="active")
    made = Counter(db, vault, files, desk, mother, daughter)
    await made.photograph_all()
    return made


async def test_it_names_proxy_and_relation_and_is_signed_twice(counter: Counter) -> None:
    filing = await counter.file()
    assert (filing.filed_by, filing.relation, filing.is_by_proxy) == (
        counter.daughter.person_id,
        Relation.PARENT,
        True,
    )
    for viewer in (counter.mother, counter.daughter):
        detail = await get_filing(counter.db, counter.vault, viewer_id=viewer.person_id, number=filing.number)
        assert detail.proxy_phone == "13900000002"
        assert [signed.signer_name for signed in detail.signatures] == ["李静", "李静"]
        assert detail.relation_signed is not None
        assert "母亲" in detail.relation_signed.text
        assert detail.signed is not None
        assert "受托人" in detail.signed.text
        assert signature_holds(detail)


async def test_both_are_told_and_the_papers_are_kept(counter: Counter) -> None:
    filing = await counter.file()
    told = {person.name: await inbox(counter.db, person.person_id) for person in (counter.mother, counter.daughter)}
    assert [notice.subject for notices in told.values() for notice in notices] == [filing.number] * 2
    assert "李静替您办了" in told["王秀英"][0].title
    assert "取消" in told["王秀英"][0].body
    assert "王秀英" in told["李静"][0].title
    kept = await of_subject(counter.db, counter.mother.person_id, filing.number)
    assert {each.number for each in kept} == set(counter.papers.values())
    assert all(each.keep_until is not None for each in kept)


async def test_the_insured_person_sees_it_as_her_own_and_cancels_it(counter: Counter) -> None:
    filing = await counter.file()
    assert [f.number for f in await list_filings(counter.db, viewer_id=counter.mother.person_id)] == [filing.number]
    assert await list_filings(counter.db, viewer_id=counter.daughter.person_id) == []
    assert len(await list_filings(counter.db, viewer_id=counter.daughter.person_id, whose="others")) == 1
    closed = await counter.desk.cancel(counter.db, filing, counter.mother.person_id)
    assert closed.status is FilingStatus.CLOSED
    latest = [(await inbox(counter.db, each.person_id))[0] for each in (counter.mother, counter.daughter)]
    assert [notice.title for notice in latest] == ["备案取消了"] * 2
    assert latest[0].body.startswith("您取消了")
    assert latest[1].body.startswith("王秀英取消了")


@pytest.mark.parametrize("again", range(3))
async def test_both_cancel_at_once_and_it_is_cancelled_and_told_once(
    counter: Counter, database_url: str, again: int
) -> None:
    filing = await counter.file()
    both = (counter.mother.person_id, counter.daughter.person_id)
    async with connected(database_url) as hers:
        closed = await asyncio.gather(
            *(
                counter.desk.cancel(db, filing, actor_id, reason=f"{actor_id}")
                for db, actor_id in zip((hers, counter.db), both, strict=True)
            )
        )
    assert [each.status for each in closed] == [FilingStatus.CLOSED] * 2
    assert len({each.close_reason for each in closed}) == 1
    detail = await get_filing(counter.db, counter.vault, viewer_id=both[0], number=filing.number)
    assert [event.what for event in detail.events] == ["filed", "closed"]
    assert detail.events[1].actor == f"person:{detail.filing.close_reason}"
    for person_id in both:
        assert [notice.title for notice in await inbox(counter.db, person_id)].count("备案取消了") == 1


async def test_nobody_else_sees_confirms_or_cancels_it(counter: Counter, registry: Registry) -> None:
    filing = await counter.file()
    stranger = await registry.add("别人")
    with pytest.raises(FilingNotFound):
        await get_filing(counter.db, counter.vault, viewer_id=stranger.person_id, number=filing.number)
    with pytest.raises(FilingNotFound):
        await counter.desk.cancel(counter.db, filing, stranger.person_id)
    for whose in ("self", "others"):
        assert await list_filings(counter.db, viewer_id=stranger.person_id, whose=whose) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("slot", ["proxy_front", "proxy_back", "insured_register"])
async def test_each_missing_picture_is_named(counter: Counter, slot: str) -> None:
    del counter.papers[slot], counter.sums[slot]
    with pytest.raises(Invalid) as refused:
        await counter.file()
    assert all(problem.field and "拍" in problem.sentence for problem in refused.value.problems)


async def test_another_picture_voids_the_second_signature(counter: Counter) -> None:
    answers = counter.answers()
    await counter.photograph("proxy_back", 99, MaterialKind.PROXY_ID_BACK, counter.daughter)
    with pytest.raises(SignatureVoid, match="换过照片"):
        await counter.file(answers)


async def test_a_picture_of_somebody_else_is_none(counter: Counter, registry: Registry) -> None:
    """Whoever knows the number of a stranger's material can file with it as little as see it."""
    stranger = await registry.add("别人")
    hers = await materials.accept(
        counter.db,
        counter.vault,
        counter.files,
        person_id=stranger.person_id,
        uploaded_by=stranger.person_id,
        kind=MaterialKind.ID_CARD_FRONT,
        body=_photo(77),
        now=NOW,
    )
    counter.papers["insured_front"], counter.sums["insured_front"] = hers.number, hers.sha256
    with pytest.raises(materials.MaterialNotFound):
        await counter.file()


async def test_a_slot_takes_only_papers_of_the_person_it_is_for(counter: Counter) -> None:
    """Her own picture may be used by the daughter, but not as her mother's."""
    await counter.photograph("insured_register", 55, MaterialKind.HOUSEHOLD_REGISTER_OWN, counter.daughter)
    with pytest.raises(AnswerMissing, match="不是这个人的证件") as refused:
        await counter.file()
    assert refused.value.field == "insured_register"
    assert await counter.db.fetchval("select count(*) from filing.filing") == 0


@pytest.mark.parametrize("signed", [{"relation": Relation.SPOUSE}, {"phone": "13900000003"}], ids=["relation", "phone"])
async def test_the_first_signature_is_void_under_anything_else(counter: Counter, signed: dict[str, Any]) -> None:
    with pytest.raises(SignatureVoid):
        await counter.file(relation_signature=counter.relation_signature(**signed))


async def test_without_the_first_signature_nothing_is_filed(counter: Counter) -> None:
    with pytest.raises(ProxyRefused):
        await counter.file(relation_signature=None)
    with pytest.raises(ProxyRefused):
        await counter.file(counter.answers(relation=None))


async def test_a_minor_is_no_proxy(counter: Counter, owner_db: Connection) -> None:
    born = date(TODAY.year - 18, TODAY.month, TODAY.day)
    await owner_db.execute(
        "update people.person set birth_date = $2 where person_id = $1",
        counter.daughter.person_id,
        date.fromordinal(born.toordinal() + 1),
    )
    with pytest.raises(ProxyRefused, match="未满 18 岁"):
        await counter.file()
    await owner_db.execute(
        "update people.person set birth_date = $2 where person_id = $1", counter.daughter.person_id, born
    )
    assert await counter.file()


async def test_the_insured_persons_code_must_be_active_and_who_can_mend_it_is_said(
    counter: Counter, owner_db: Connection
) -> None:
    await owner_db.execute(
        "update people.credential set state = 'inactive' where person_id = $1", counter.mother.person_id
    )
    with pytest.raises(MedicalCodeNotActive, match=r"请王秀英.*激活.*窗口"):
        await counter.file()


async def test_where_the_pool_lets_relatives_only_a_friend_is_refused(
    counter: Counter, tmp_path: Path, pack: Pack
) -> None:
    from filing_kit import choosing

    counter.desk.pack = choosing(tmp_path, "I-31: relatives")
    answers = counter.answers(relation=Relation.OTHER)
    with pytest.raises(ProxyRefused, match="家人"):
        await counter.file(answers)


async def test_the_database_knows_no_proxy_without_relation(counter: Counter, owner_db: Connection) -> None:
    import asyncpg

    await counter.file()
    with pytest.raises(asyncpg.CheckViolationError):
        await owner_db.execute("update filing.filing set relation = ''")


async def test_the_proxys_phone_is_nowhere_in_clear(counter: Counter, owner_db: Connection) -> None:
    await counter.file()
    whole = await owner_db.fetchval("select row_to_json(f)::text from filing.filing f")
    assert "13900000002" not in whole


async def test_the_same_token_gives_the_same_filing_and_tells_nobody_twice(counter: Counter) -> None:
    token = uuid4()
    first = await counter.file(submit_token=token)
    assert await counter.file(submit_token=token) == first
    assert len(await inbox(counter.db, counter.mother.person_id)) == 1
    assert await cancel_filing(
        counter.db,
        counter.desk.pack,
        person_id=first.person_id,
        filing_serial=first.filing_serial,
        actor_id=counter.daughter.person_id,
        reason="",
        channel="portal",
        now=NOW,
    )
