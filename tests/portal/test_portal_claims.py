"""What somebody sees of a claim while the agency works on it: state, time limit, pictures, amount, and what to do."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from litestar import Litestar
from portal_kit import Browser, Clock

from claims_kit import Desk
from tongban import drafts, materials, reimbursement
from tongban.agency import Operator
from tongban.directory import search_institutions
from tongban.law import load_pack
from tongban.materials import MaterialKind
from tongban.people import demo_cast
from tongban.reimbursement import Claim, Finding, RecordedBank, RefuseCode
from tongban.settlement import Split

MOTHER = next(person.person_id for person in demo_cast() if person.name == "王秀英")
LI = next(person.person_id for person in demo_cast() if person.name == "李静")
CLERK = Operator("张审", frozenset({"140100"}))


@pytest.fixture
async def desk(app: Litestar) -> AsyncIterator[Desk]:
    state = app.state
    async with state.pool.acquire() as db:
        yield Desk(db, state.vault, state.pack, state.regions, state.files, state.clock())


@pytest.fixture
async def claim(desk: Desk) -> Claim:
    """李静's, for her mother."""
    (hospital,) = await search_institutions(desk.db, "140200", "大同市第三人民医院", limit=1)
    return await desk.claim(LI, MOTHER, hospital=hospital.institution_code)


@pytest.fixture
async def li(visitor: Browser, claim: Claim) -> Browser:
    await visitor.sign_in("li_jing")
    return visitor


async def seen(browser: Browser, claim: Claim) -> str:
    return (await browser.get(f"/reimbursement/records/{claim.number}")).text


async def test_the_time_limit_is_shown_and_that_it_has_passed(li: Browser, claim: Claim, clock: Clock) -> None:
    assert "预计 2026年12月18日 前办好" in await seen(li, claim)
    clock.later(days=30)
    await li.sign_in("li_jing")
    assert "已经晚了。请打电话催一下" in await seen(li, claim)


async def test_asked_for_more_the_earlier_pictures_stay(li: Browser, app: Litestar, desk: Desk, claim: Claim) -> None:
    said = "费用清单缺第二页，请重新拍全"
    await reimbursement.ask(
        desk.db,
        desk.pack,
        operator=CLERK,
        number=claim.number,
        slots=["fee_list"],
        sentence=said,
        now=desk.now,
    )
    page = await seen(li, claim)
    assert said in page
    assert "要补：费用清单" in page
    assert "前办好" not in page  # it is the person's turn
    draft = await reimbursement.papers_draft(desk.db, desk.vault, viewer_id=LI, number=claim.number, now=desk.now)
    await desk.put_picture(LI, draft.draft_id, "fee_list", MaterialKind.FEE_LIST, whose=MOTHER)
    await li.get(f"/reimbursement/records/{claim.number}/papers")
    # Twice: the answer to the first was lost.
    for _ in range(2):
        answered = await li.follow(await li.post(f"/reimbursement/records/{claim.number}/papers"))
        assert answered.status_code == 200
        assert "材料补交了" in answered.text
    assert answered.text.count('href="/papers/look/M') == 4
    assert claim.papers["fee_list"] in answered.text


async def test_each_picture_is_offered_to_whom_it_is_open(li: Browser, app: Litestar, desk: Desk, claim: Claim) -> None:
    """Once the claim is closed the daughter sees her mother's papers no more, and is offered no dead link."""
    await reimbursement.refuse(
        desk.db,
        operator=CLERK,
        number=claim.number,
        code=RefuseCode.INVOICE_INVALID,
        sentence="发票在财政网站上查不到，请向医院核对",
        now=desk.now,
    )
    page = await seen(li, claim)
    assert "请向医院核对" in page
    assert "/papers/look/" not in page
    mother = Browser.of(app)
    await mother.sign_in("wang_xiuying")
    page = await seen(mother, claim)
    assert page.count('href="/papers/look/M') == 3
    shown = await mother.get(f"/papers/look/{claim.papers['invoice']}/1")
    assert shown.status_code == 200


LAW = """lists:
  - list: claim_papers
    from: 2025-03-31
    table:
      online:
        self: [claim_commitment, invoice, fee_list, discharge_record]
        other: [claim_proxy_commitment, insured_identity, proxy_identity, invoice, fee_list, discharge_record]
    sources: []
    confidence: illustrative
    checked_on: 2026-11-22
"""


async def test_cards_kept_from_before_are_taken_with_one_tap_and_no_invoice_is(
    visitor: Browser, app: Litestar, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "law" / "shanxi" / "taiyuan"
    folder.mkdir(parents=True)
    (folder / "asked.yaml").write_text(LAW, encoding="utf-8")
    monkeypatch.setattr(app.state, "pack", load_pack(app.state.settings.policies_dir, tmp_path / "law"))
    # Her own card was handed in as one insured: here she is the proxy.
    for kind, whose in (
        (MaterialKind.ID_CARD_FRONT, LI),
        (MaterialKind.ID_CARD_BACK, LI),
        (MaterialKind.ID_CARD_FRONT, MOTHER),
        (MaterialKind.INVOICE, MOTHER),
    ):
        number = await desk.picture(kind, whose=whose, by=LI)
        await materials.attach(desk.db, person_id=whose, numbers=[number], subject="B1", now=desk.now)
    (hospital,) = await search_institutions(desk.db, "140200", "大同市第三人民医院", limit=1)
    asked = {"hospital": hospital.institution_code}
    await visitor.sign_in("li_jing")

    whole = await desk.begin(LI, MOTHER, **asked)
    page = await visitor.get(f"/reimbursement/{whole}/photos")
    assert "有 3 张身份证件的照片，不用再拍" in page.text
    assert "都用上次的，下一步" in page.text
    page = await visitor.follow(await visitor.post(page.url.path, {"again": "again"}))
    assert not page.url.path.endswith("/photos")
    assert len((await drafts.load(desk.db, desk.vault, person_id=LI, draft_id=whole, now=desk.now)).papers) == 6

    without = await desk.begin(LI, MOTHER, without=("invoice",), **asked)
    page = await visitor.get(f"/reimbursement/{without}/photos")
    assert "用上次的 3 张" in page.text
    assert "都用上次的，下一步" not in page.text
    await visitor.follow(await visitor.post(page.url.path, {"go": "again"}))
    kept = (await drafts.load(desk.db, desk.vault, person_id=LI, draft_id=without, now=desk.now)).papers
    assert len(kept) == 5
    assert "invoice" not in kept


async def test_nothing_due_is_said_and_why(li: Browser, desk: Desk, claim: Claim) -> None:
    await desk.compute(claim, Finding(charges=Split(1_000_000, 0, 0, 0)), CLERK)
    page = await seen(li, claim)
    assert "这次没有能报的钱" in page
    assert "下一步" not in page
    why = await li.get(f"/reimbursement/records/{claim.number}/why")
    assert why.status_code == 200
    assert "正好是总费用 10,000.00" in why.text


async def test_another_card_is_asked_for_once(
    li: Browser, desk: Desk, claim: Claim, tmp_path_factory: pytest.TempPathFactory
) -> None:
    await desk.compute(claim, operator=CLERK)
    bank = RecordedBank(tmp_path_factory.mktemp("bank"))
    await reimbursement.pay(desk.db, desk.vault, bank, operator=CLERK, number=claim.number, now=desk.now)
    await reimbursement.give_back(
        desk.db, operator=CLERK, number=claim.number, reason="户名和卡号对不上", now=desk.now + timedelta(days=2)
    )
    page = await seen(li, claim)
    assert "户名和卡号对不上" in page
    assert "等您换一张银行卡" in page
    await li.get(f"/reimbursement/records/{claim.number}/card")
    wrong = await li.post(f"/reimbursement/records/{claim.number}/card", {"bank": "", "card": "1"})
    assert wrong.status_code == 422
    for sentence in ("请选钱打到谁的卡上", "请填银行名称", "您填了 1 位"):
        assert sentence in wrong.text
    typed = {"holder": "patient", "bank": "工商银行太原分行", "card": "4111 1111 1111 1111"}
    changed = await li.follow(await li.post(f"/reimbursement/records/{claim.number}/card", typed))
    assert "尾号 1111" in changed.text
    assert "下一步：打款" in changed.text
    assert "等您换一张银行卡" not in changed.text
