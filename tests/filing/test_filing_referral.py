"""A referral comes from the sending hospital, and only from it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from filing_kit import DATONG, NOW, PLACES, SHIJIAZHUANG, TAIYUAN, TODAY, Desk, Registry, Resident, end_of

from tongban.filing import (
    EnrollmentMismatch,
    Filing,
    FilingOverlaps,
    FilingWay,
    PlaceRefused,
    ReferralAnswers,
    ReferralRefused,
    file_referral,
    get_filing,
    list_filings,
)
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection
from tongban.kernel.errors import Invalid
from tongban.kernel.vocabulary import FilingKind, InsuranceType
from tongban.notices import inbox

HERE, THERE, THERE_TOO, ELSEWHERE = "H14010000001", "H13010000001", "H13010000002", "H14020000001"


@pytest.fixture
async def hospitals(owner_db: Connection) -> None:
    for region in PLACES:
        await owner_db.execute(
            """insert into directory.pooling_region (pool_code, name, full_name, province_code, province_name,
                 filing_level, can_file_to, pinyin, initials, sort_key)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)""",
            region.pool_code,
            region.name,
            region.full_name,
            region.province_code,
            region.province_name,
            region.filing_level.value,
            region.can_file_to,
            region.pinyin,
            region.initials,
        )
    for code, name, province, pool, settles in (
        (HERE, "太原市中心医院", "140000", TAIYUAN, True),
        (THERE, "石家庄市人民医院", "130000", SHIJIAZHUANG, True),
        (THERE_TOO, "石家庄没接通的医院", "130000", SHIJIAZHUANG, False),
        (ELSEWHERE, "大同市中心医院", "140000", DATONG, True),
    ):
        await owner_db.execute(
            """insert into directory.institution (institution_code, code_is_official, name, hospital_level, kind,
                 specialty, pool_code, province_code, city_code, county_code, in_county, settles_inpatient,
                 settles_outpatient, connection_source, address, phone, source)
               values ($1, false, $2, '02', 'hospital', '', $3, $4, $3, '', false, $5, $5, 'demo', '', '', 'test')""",
            code,
            name,
            pool,
            province,
            settles,
        )


ANSWERS = ReferralAnswers(
    insurance_type=InsuranceType.EMPLOYEE,
    from_institution=HERE,
    to_institution=THERE,
    diagnosis="冠状动脉粥样硬化性心脏病",
    reason="本地做不了这个手术",
    doctor="赵医生",
    starts_on=TODAY,
)


async def refer(db: Connection, desk: Desk, who: Resident, **more: Any) -> Filing:
    answers = replace(ANSWERS, **{k: more.pop(k) for k in list(more) if hasattr(ANSWERS, k)})
    arguments: dict[str, Any] = {
        "person_id": who.person_id,
        "answers": answers,
        "way": FilingWay.HOSPITAL,
        "entered_by": f"institution:{answers.from_institution}",
        "submit_token": uuid4(),
        "channel": "desk",
        "now": NOW,
    }
    return await file_referral(db, desk.vault, desk.pack, desk.regions, **(arguments | more))


pytestmark = pytest.mark.usefixtures("hospitals")


async def test_it_is_in_force_only_for_the_receiving_hospitals_place(
    db: Connection, desk: Desk, retiree: Resident, vault: Vault
) -> None:
    filing = await refer(db, desk, retiree)
    assert (filing.kind, filing.way, filing.treatment_pool) == (
        FilingKind.REFERRAL,
        FilingWay.HOSPITAL,
        SHIJIAZHUANG,
    )
    assert filing.is_in_force(TODAY)
    assert filing.valid_to == end_of(6)  # any number of stays inside these months
    assert filing.stays_max is None
    detail = await get_filing(db, vault, viewer_id=retiree.person_id, number=filing.number)
    assert detail.referral is not None
    assert (detail.referral.diagnosis, detail.referral.doctor) == (ANSWERS.diagnosis, "赵医生")
    assert detail.events[0].actor == f"institution:{HERE}"
    assert detail.signed is None
    assert [f.number for f in await list_filings(db, viewer_id=retiree.person_id, way=FilingWay.HOSPITAL)] == [
        filing.number
    ]
    told = (await inbox(db, retiree.person_id))[0]
    assert told.title == "转诊办好了"
    assert ANSWERS.diagnosis not in told.title + told.body


async def test_the_diagnosis_is_nowhere_in_clear(
    db: Connection, owner_db: Connection, desk: Desk, retiree: Resident
) -> None:
    await refer(db, desk, retiree)
    for table in ("filing.filing", "filing.referral", "filing.event", "infra.audit", "notices.notice"):
        for row in await owner_db.fetch(f"select t::text as whole from {table} t"):
            assert "冠状" not in row["whole"]


async def test_a_window_enters_it_on_the_hospitals_certificate(db: Connection, desk: Desk, retiree: Resident) -> None:
    filing = await refer(db, desk, retiree, way=FilingWay.WINDOW, entered_by="operator:li", channel="window")
    assert filing.way is FilingWay.WINDOW


async def test_the_person_cancels_it_as_any_other(db: Connection, desk: Desk, retiree: Resident) -> None:
    filing = await refer(db, desk, retiree)
    assert (await desk.cancel(db, filing)).closed_at == NOW


async def test_the_same_token_gives_the_same_referral(db: Connection, desk: Desk, retiree: Resident) -> None:
    token = uuid4()
    first = await refer(db, desk, retiree, submit_token=token)
    assert await refer(db, desk, retiree, submit_token=token) == first
    with pytest.raises(FilingOverlaps):
        await refer(db, desk, retiree)


@pytest.mark.parametrize(
    ("changed", "refused_as", "says"),
    [
        ({"from_institution": ELSEWHERE}, ReferralRefused, "不在参保地"),
        ({"from_institution": "H0"}, ReferralRefused, "没有找到转出的医院"),
        ({"to_institution": "H0"}, ReferralRefused, "没有找到接收的医院"),
        ({"to_institution": THERE_TOO}, PlaceRefused, "还不能直接结算"),
        ({"to_institution": HERE}, PlaceRefused, "参保地"),
        ({"entered_by": f"institution:{ELSEWHERE}"}, ReferralRefused, "转出的医院来录"),
        ({"insurance_type": InsuranceType.RESIDENT}, EnrollmentMismatch, "没有查到"),
        ({"diagnosis": " "}, Invalid, "诊断"),
        ({"doctor": "", "reason": "x" * 501}, Invalid, "最多 500 个字"),
        ({"starts_on": TODAY - timedelta(days=400)}, Invalid, "开始日期"),
    ],
)
async def test_what_does_not_hold_together_is_refused(
    db: Connection, desk: Desk, retiree: Resident, changed: dict[str, Any], refused_as: type[Exception], says: str
) -> None:
    with pytest.raises(refused_as, match=says):
        await refer(db, desk, retiree, **changed)
    assert await db.fetchval("select count(*) from filing.filing") == 0


async def test_a_stranger_does_not_see_it(db: Connection, desk: Desk, registry: Registry, vault: Vault) -> None:
    from tongban.filing import FilingNotFound

    filing = await refer(db, desk, await registry.add())
    stranger = await registry.add("别人")
    with pytest.raises(FilingNotFound):
        await get_filing(db, vault, viewer_id=stranger.person_id, number=filing.number)
