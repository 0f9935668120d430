"""Reading a message, going on to what it is about, and keeping the receipt; whoever is shown it checks it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from browser_kit import Site
from walk import Walk

from tongban.directory import Regions
from tongban.infra.clock import day_of, system_clock
from tongban.infra.crypto import Vault
from tongban.infra.db import Connection
from tongban.kernel.identifiers import FILING, OutsideNumber
from tongban.law import Pack
from tongban.notices import NoticeKind, post
from tongban.people import demo_cast

KEY = "guo_xiaoyan"
PERSON = next(member.person_id for member in demo_cast() if member.name == "郭晓燕")
SERIAL = 900
NUMBER = str(OutsideNumber(FILING, PERSON, SERIAL))


@pytest.fixture
def told(site: Site) -> None:
    """A filing at the window, and two messages: one about it, one that leads nowhere."""
    vault = Vault.from_settings(site.settings)
    now = system_clock()

    async def write(db: Connection, pack: Pack, regions: Regions) -> None:
        await db.execute(
            """insert into filing.filing (person_id, filing_serial, kind, scopes, treatment_pool, insured_pool,
                 insurance_type, category, valid_from, status, channel, way, filed_by, contact_name,
                 contact_phone_enc, contact_address_enc, answers, policy_version, decision, submit_token, filed_at)
               values ($1, $2, 'long_term_resident', '{[1,4)}', '110000', '140100', 'employee', 'active', $3, 'active',
                 'window', 'window', $1, '郭晓燕', $4, $5, '{}', '', '{}', gen_random_uuid(), $6)
               on conflict do nothing""",
            PERSON,
            SERIAL,
            day_of(now),
            vault.seal("13800000006", "filing.contact_phone"),
            vault.seal("太原市小店区体育路 8 号", "filing.contact_address"),
            now - timedelta(days=5),
        )
        for title, link in (("账户有变动", ""), ("备案办好了", f"/filing/records/{NUMBER}/proof")):
            await post(
                db,
                person_id=PERSON,
                kind=NoticeKind.FILING,
                subject=NUMBER,
                title=title,
                body="去北京看病的备案办好了，今天就生效。",
                link=link,
                now=now,
            )

    site.execute(f"delete from notices.delivery where person_id = {PERSON}")
    site.execute(f"delete from notices.notice where person_id = {PERSON}")
    site.run(write)


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("mode", ["normal", "elder", "nojs"])
def test_a_message_is_read_and_its_receipt_kept_and_checked(walk: Callable[..., Walk], mode: str) -> None:
    person = walk(KEY, mode, check=True, story="inbox")
    person.open("/")
    person.tap("消息", exact=False, within="header")
    assert person.says("有 2 条没看")
    person.tap("备案办好了", exact=False, within="main")
    assert person.path == f"/filing/records/{NUMBER}/proof"
    picture = person.page.locator("main img")
    if mode == "nojs":
        assert picture.get_attribute("src") == f"/filing/records/{NUMBER}/proof.png"
    else:
        picture.scroll_into_view_if_needed()
        person.page.wait_for_function("document.querySelector('main img').naturalWidth > 700")
    assert (
        person.page.get_by_role("link", name="打开 PDF").get_attribute("href") == f"/filing/records/{NUMBER}/proof.pdf"
    )
    assert person.actions == 2
    person.open("/inbox")
    assert person.says("有 1 条没看")
    person.tap("全部算看过")
    assert person.says("都看过了")

    nurse = walk("", mode, check=True, story="check")
    nurse.open("/check")
    nurse.fill("编号", NUMBER)
    nurse.fill("核对码", "AAAAA AAAAA")
    nurse.tap("查一查")
    assert nurse.says("没有查到")
