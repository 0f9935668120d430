"""From typed answers to an application: once, signed, by whom it concerns."""

import asyncio
from dataclasses import replace
from itertools import permutations

import pytest
from recognition_kit import (
    AGENCY,
    ANSWERS,
    DATONG,
    DATONG_AGENCY,
    DIABETES,
    EPILEPSY,
    HOSPITAL,
    HYPERTENSION,
    HYPERTENSION_DRUGS,
    NOW,
    OTHER_HOSPITAL,
    PHARMACY,
    UNCONNECTED,
    Office,
    Registry,
    Resident,
    day,
)

from tongban import chronic, drafts, notices
from tongban.chronic import (
    AlreadyDecided,
    Application,
    ApplicationNotFound,
    ApplicationState,
    Decision,
    DiseaseRefused,
    MedicalCodeNotActive,
    NothingAsked,
    Purpose,
)
from tongban.drafts import DraftNotFound
from tongban.infra.db import Connection, connected
from tongban.kernel.errors import Invalid, Refusal
from tongban.kernel.vocabulary import Relation
from tongban.law import Pack
from tongban.signing import signatures_of

TOO_MANY = " ".join(f"H{number}" for number in range(21))


async def test_an_application_is_in_review_and_everybody_concerned_is_told(
    office: Office, elder: Resident, db: Connection
) -> None:
    made = await office.apply(elder, disease={"diseases": f"{HYPERTENSION} {EPILEPSY}"})

    assert made.number.startswith("C")
    assert made.state is ApplicationState.IN_REVIEW
    assert [(each.wanted.zh, each.is_recognised) for each in made.diseases] == [("癫痫", None), ("高血压", None)]
    assert made.institutions == (HOSPITAL,)
    assert made.due_on is None  # no source gives the agency a time
    (signed,) = await signatures_of(db, elder.person_id, made.number)
    assert "高血压" in signed.text
    (told,) = await notices.inbox(db, elder.person_id)
    assert (told.title, told.link) == ("慢特病申请已经收到", f"/chronic/applications/{made.number}")
    assert "高血压" not in told.title + told.body
    assert [event.what.zh for event in await chronic.timeline(db, made)] == ["提交申请"]


async def test_no_phone_stands_in_the_clear(office: Office, elder: Resident, db: Connection) -> None:
    await office.apply(elder)
    rows = await db.fetch("select a::text from chronic.application a")
    assert "13800000001" not in rows[0][0]


async def test_handing_in_again_gives_the_same_application(office: Office, elder: Resident, db: Connection) -> None:
    draft = await office.sign(await office.draft(elder), elder.name)
    first, again = await office.hand_in(draft), await office.hand_in(draft)
    assert first == again
    assert await db.fetchval("select count(*) from chronic.application") == 1


async def test_two_taps_at_once_make_one_application(
    office: Office, elder: Resident, db: Connection, database_url: str
) -> None:
    draft = await office.sign(await office.draft(elder), elder.name)

    async def tap() -> Application:
        async with connected(database_url) as connection:
            return await office.on(connection).hand_in(draft)

    taps = await asyncio.gather(*(tap() for _ in range(4)))
    assert len({each.number for each in taps}) == 1
    assert await db.fetchval("select count(*) from chronic.application") == 1


async def test_two_drafts_for_one_disease_at_once_make_one_application(
    office: Office, elder: Resident, db: Connection, database_url: str
) -> None:
    ready = [await office.sign(await office.draft(elder), elder.name) for _ in range(3)]

    async def hand_in(draft: drafts.Draft) -> Application:
        async with connected(database_url) as connection:
            return await office.on(connection).hand_in(draft)

    outcomes = await asyncio.gather(*(hand_in(draft) for draft in ready), return_exceptions=True)
    assert sum(isinstance(each, Application) for each in outcomes) == 1
    assert all(isinstance(each, Application | Refusal) for each in outcomes)
    assert await db.fetchval("select count(*) from chronic.application_disease where is_open") == 1


async def test_somebody_elses_draft_and_application_are_not_there(
    office: Office, elder: Resident, registry: Registry, db: Connection
) -> None:
    stranger = await registry.add("生人")
    draft = await office.sign(await office.draft(elder), elder.name)
    with pytest.raises(DraftNotFound):
        await office.hand_in(replace(draft, person_id=stranger.person_id))
    made = await office.hand_in(draft)
    for attempt in (
        chronic.application_seen_by(db, stranger.person_id, made.number),
        chronic.withdraw(db, viewer_id=stranger.person_id, number=made.number, reason="", channel="x", now=NOW),
        chronic.supply_materials(
            db, office.pack, viewer_id=stranger.person_id, number=made.number, papers=["M1"], channel="x", now=NOW
        ),
    ):
        with pytest.raises(ApplicationNotFound):
            await attempt
    with pytest.raises(ApplicationNotFound):
        await chronic.application_seen_by(db, elder.person_id, "C123")


# -- what is asked ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(permutations(ANSWERS))[::7])
async def test_the_order_of_answers_never_changes_what_is_signed(
    office: Office, elder: Resident, order: tuple[str, ...]
) -> None:
    straight = await office.read(await office.draft(elder))
    mixed = await office.read(await office.draft(elder, order=order))
    assert mixed.answers == straight.answers
    assert mixed.answers_hash == straight.answers_hash is not None


async def test_a_change_after_signing_voids_the_name(office: Office, elder: Resident) -> None:
    draft = await office.sign(await office.draft(elder), elder.name)
    draft = await office.save(draft, "disease", {"diseases": DIABETES})
    with pytest.raises(Invalid, match="再核对一遍"):
        await office.hand_in(draft)


@pytest.mark.parametrize(
    ("step", "values", "sentence"),
    [
        ("disease", {"diseases": ""}, "请选要认定的病"),
        ("disease", {"diseases": "M99999"}, "请选要认定的病"),
        ("institutions", {"institutions": UNCONNECTED}, "还没有开通"),
        ("institutions", {"institutions": PHARMACY}, "不在名录里"),
        ("institutions", {"institutions": "H99999999999"}, "不在名录里"),
        ("institutions", {"institutions": TOO_MANY}, "最多选 20 家，您选了 21 家"),
        ("contact", {"contact": "", "tel": "13800000001"}, "请填联系人姓名"),
        ("contact", {"contact": "王秀兰", "tel": "1380000"}, "11 位，您填了 7 位"),
    ],
)
async def test_what_is_wrong_is_said_at_its_step(
    office: Office, elder: Resident, step: str, values: dict[str, str], sentence: str
) -> None:
    reading = await office.read(await office.draft(elder, **{step: values}))
    assert sentence in reading.problems_of(step)[0].sentence
    assert reading.answers is None


async def test_a_phone_is_taken_however_it_is_typed(office: Office, elder: Resident) -> None:
    reading = await office.read(await office.draft(elder, contact={"contact": "王秀兰", "tel": "+86 138-0000-0001"}))
    assert reading.contact_phone == "13800000001"


async def test_a_drugs_scheme_beside_its_disease_is_the_reviewers_to_judge(office: Office, elder: Resident) -> None:
    both = await office.read(await office.draft(elder, disease={"diseases": f"{HYPERTENSION} {HYPERTENSION_DRUGS}"}))
    assert both.problems_of("disease") == []  # no source says that one excludes the other

    await office.recognise(elder)
    made = await office.apply(elder, disease={"diseases": HYPERTENSION_DRUGS})
    case = await chronic.show(office.db, office.vault, office.pack, AGENCY, made.number, reason="审核", now=NOW)
    assert [known.wanted.zh for known in case.certifications] == ["高血压"]  # seen beside what is asked for


async def test_employees_are_not_offered_the_residents_drug_schemes(office: Office, registry: Registry) -> None:
    worker = await registry.add("李强", "employee", "active")
    reading = await office.read(await office.draft(worker, disease={"diseases": HYPERTENSION_DRUGS}))
    assert reading.choices is not None
    assert reading.choices.schemes == ()
    assert reading.problems_of("disease")


async def test_with_two_enrollments_the_person_chooses(office: Office, elder: Resident, registry: Registry) -> None:
    await registry.enroll(elder.person_id, 2, "employee", "retired", "140200")
    reading = await office.read(await office.draft(elder))
    assert "请选用哪份医保办" in reading.problems_of("enrollment")[0].sentence
    reading = await office.read(await office.draft(elder, enrollment={"enrollment": "2"}))
    assert reading.answers is not None
    assert reading.answers.insured_pool == "140200"


async def test_without_an_active_medical_code_nothing_is_handed_in(office: Office, registry: Registry) -> None:
    person = await registry.add(code_state="inactive")
    with pytest.raises(MedicalCodeNotActive, match="激活"):
        await office.apply(person)


async def test_what_is_recognised_or_under_way_is_not_applied_for_again(office: Office, elder: Resident) -> None:
    await office.apply(elder)
    reading = await office.read(await office.draft(elder))
    assert "已经在申请了" in reading.problems_of("disease")[0].sentence
    await office.recognise(elder, disease={"diseases": DIABETES})
    reading = await office.read(await office.draft(elder, disease={"diseases": DIABETES}))
    assert "已经认定过" in reading.problems_of("disease")[0].sentence
    assert isinstance(reading.problems_of("disease")[0], DiseaseRefused)


# -- where the law says more ------------------------------------------------------------------------------------------


async def test_papers_the_law_lists_are_demanded_and_one_institution_is_the_limit(
    office: Office, elder: Resident, outspoken: Pack
) -> None:
    told = replace(office, pack=outspoken)
    reading = await told.read(await told.draft(elder, institutions={"institutions": f"{HOSPITAL} {OTHER_HOSPITAL}"}))
    assert [problem.field for problem in reading.problems_of("photos")] == ["diagnosis_certificate", "exam_report"]
    assert "最多选 1 家，您选了 2 家" in reading.problems_of("institutions")[0].sentence


async def test_relatives_apply_only_where_the_law_lets_them(
    office: Office, elder: Resident, registry: Registry, outspoken: Pack, db: Connection
) -> None:
    daughter = await registry.add("李静")
    await registry.bind(daughter, elder, "parent", "child")
    reading = await office.read(await office.draft(daughter, patient=elder))
    assert "各市自己定" in reading.problems_of("enrollment")[0].sentence

    told = replace(office, pack=outspoken)
    assert (await told.read(await told.draft(daughter, patient=elder))).problems_of("enrollment") == []
    changing = await _recognised_by(office, elder)
    made = await told.apply(daughter, patient=elder, start=changing)
    assert (made.person_id, made.applied_by, made.relation) == (elder.person_id, daughter.person_id, Relation.CHILD)
    assert [each.number for each in await chronic.applications_of(db, daughter.person_id, "others")] == [made.number]
    assert await chronic.applications_of(db, daughter.person_id) == []
    assert (await notices.inbox(db, elder.person_id))[0].subject == made.number
    assert (await notices.inbox(db, daughter.person_id))[0].subject == made.number
    (signed,) = await signatures_of(db, elder.person_id, made.number)
    assert signed.signer_name == "李静"
    assert "我是替王秀兰申请" in signed.text


async def _recognised_by(office: Office, elder: Resident) -> dict[str, str]:
    """A change of institutions to apply for, which asks for no papers."""
    await office.recognise(elder)
    (known,) = await chronic.certifications_of(office.db, elder.person_id)
    return {"purpose": Purpose.CHANGE_INSTITUTIONS, "certification": str(known.certification_serial)}


async def test_whom_one_is_not_bound_with_one_cannot_apply_for(
    office: Office, elder: Resident, registry: Registry
) -> None:
    stranger = await registry.add("生人")
    with pytest.raises(chronic.ProxyRefused):
        await office.read(await office.draft(stranger, patient=elder))


# -- taking back, adding ----------------------------------------------------------------------------------------------


async def test_an_undecided_application_is_withdrawn_once_and_may_be_made_again(
    office: Office, elder: Resident, db: Connection
) -> None:
    made = await office.apply(elder)
    for _ in range(2):
        gone = await chronic.withdraw(
            db, viewer_id=elder.person_id, number=made.number, reason="填错了", channel="portal", now=NOW
        )
        assert gone.state is ApplicationState.WITHDRAWN
    assert [event.what.zh for event in await chronic.timeline(db, gone)] == ["提交申请", "撤回申请"]
    assert (await office.apply(elder)).state is ApplicationState.IN_REVIEW


async def test_a_decided_application_stays_decided(office: Office, elder: Resident, db: Connection) -> None:
    made = await office.recognise(elder)
    with pytest.raises(AlreadyDecided):
        await chronic.withdraw(db, viewer_id=elder.person_id, number=made.number, reason="", channel="portal", now=NOW)


async def test_nothing_is_added_that_nobody_asked_for(office: Office, elder: Resident, db: Connection) -> None:
    made = await office.apply(elder)
    with pytest.raises(NothingAsked):
        await chronic.supply_materials(
            db, office.pack, viewer_id=elder.person_id, number=made.number, papers=["M1"], channel="x", now=NOW
        )


# -- changing and renewing --------------------------------------------------------------------------------------------


async def test_institutions_are_changed_by_an_application_of_its_own(
    office: Office, elder: Resident, db: Connection
) -> None:
    await office.recognise(elder)
    (before,) = await chronic.certifications_of(db, elder.person_id, day("2026-11-22"))
    changing = {"purpose": Purpose.CHANGE_INSTITUTIONS, "certification": str(before.certification_serial)}
    made = await office.apply(elder, start=changing, institutions={"institutions": OTHER_HOSPITAL})
    assert made.purpose is Purpose.CHANGE_INSTITUTIONS
    await chronic.accept(db, AGENCY, made.number, now=NOW)
    since = Decision(valid_from=day("2026-12-01"))
    (after,) = await chronic.approve(db, office.pack, AGENCY, made.number, since, now=NOW)
    assert after.certification_serial == before.certification_serial
    assert after.institutions_on(day("2026-11-30")) == (HOSPITAL,)
    assert after.institutions_on(day("2026-12-01")) == (OTHER_HOSPITAL,)


async def test_a_renewal_goes_on_where_the_old_one_ends(office: Office, elder: Resident, db: Connection) -> None:
    await office.recognise(elder, Decision(valid_to=day("2026-12-31")))
    (before,) = await chronic.certifications_of(db, elder.person_id)
    renewing = {"purpose": Purpose.RENEW, "certification": str(before.certification_serial)}
    made = await office.apply(elder, start=renewing)
    await chronic.accept(db, AGENCY, made.number, now=NOW)
    (renewed,) = await chronic.approve(db, office.pack, AGENCY, made.number, Decision(), now=NOW)
    assert (renewed.valid_from, renewed.valid_to) == (day("2027-01-01"), None)
    assert renewed.valid_to_basis.zh == "没有查到期限"


async def test_what_never_ends_needs_no_renewal(office: Office, elder: Resident, db: Connection) -> None:
    await office.recognise(elder)
    (known,) = await chronic.certifications_of(db, elder.person_id)
    renewing = {"purpose": Purpose.RENEW, "certification": str(known.certification_serial)}
    reading = await office.read(await office.draft(elder, start=renewing))
    assert "不用续期" in reading.problems_of("enrollment")[0].sentence


async def test_somebody_elses_certification_is_not_changed(
    office: Office, elder: Resident, registry: Registry, db: Connection
) -> None:
    await office.recognise(elder)
    (known,) = await chronic.certifications_of(db, elder.person_id)
    other = await registry.add("生人")
    changing = {"purpose": Purpose.CHANGE_INSTITUTIONS, "certification": str(known.certification_serial)}
    reading = await office.read(await office.draft(other, start=changing))
    assert "没有找到要改的认定" in reading.problems_of("enrollment")[0].sentence


async def test_whoever_is_insured_elsewhere_now_is_recognised_there_anew(
    office: Office, elder: Resident, registry: Registry, db: Connection, owner_db: Connection
) -> None:
    await office.recognise(elder)
    (before,) = await chronic.certifications_of(db, elder.person_id)
    await owner_db.execute("update people.enrollment set valid_to = '2026-11-21' where person_id = $1", elder.person_id)
    await registry.enroll(elder.person_id, 2, "employee", "retired", DATONG)

    for purpose in (Purpose.CHANGE_INSTITUTIONS, Purpose.RENEW):
        start = {"purpose": purpose, "certification": str(before.certification_serial)}
        assert (await office.read(await office.draft(elder, start=start))).problems_of("enrollment")
    made = await office.apply(elder)
    assert made.insured_pool == DATONG
    await chronic.accept(db, DATONG_AGENCY, made.number, now=NOW)
    case = await chronic.show(db, office.vault, office.pack, DATONG_AGENCY, made.number, reason="审核", now=NOW)
    assert case.certifications == ()  # what another pool recognised is that pool's
    (now,) = await chronic.approve(db, office.pack, DATONG_AGENCY, made.number, Decision(), now=NOW)
    assert (now.insured_pool, now.wanted) == (DATONG, before.wanted)
    reading = await office.read(await office.draft(elder))
    assert "已经认定过" in reading.problems_of("disease")[0].sentence
