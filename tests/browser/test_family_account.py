"""A daughter lets her mother use her account: two givers, the mother's order, a bill and why, a premium, the end."""

from collections.abc import Callable

import httpx
import pytest
from browser_kit import Site
from walk import Walk

from product_kit import CLASS_A, Patient, hospitals_of
from tongban.doors.cli.demo import CLIENTS_FILE
from tongban.people import demo_cast

WANG, LI, ZHANG = (
    next(person for person in demo_cast() if person.name == name) for name in ("王秀英", "李静", "张建国")
)


@pytest.fixture
def clean(site: Site) -> Site:
    """Nobody of the three shares or owes anything, and both accounts hold what they held at first."""
    for person in (WANG, LI, ZHANG):
        site.execute(f"delete from drafts.draft where person_id = {person.person_id}")
        site.execute(f"delete from mutual_aid.event where person_id = {person.person_id}")
        site.execute(f"delete from mutual_aid.received where person_id = {person.person_id}")
        site.execute(f"delete from mutual_aid.premium where person_id = {person.person_id}")
        site.execute(f"delete from mutual_aid.authorisation where person_id = {person.person_id}")
        if person.account_fen:
            site.execute(
                f"""update account.personal_account set balance_fen = {person.account_fen}, reserved_fen = 0
                    where person_id = {person.person_id}"""
            )
    site.execute(f"delete from people.kin where {ZHANG.person_id} in (person_id, kin_id)")
    return site


def give(giver: Walk, name: str, amount: str, giver_name: str, *, new: bool = False) -> None:
    """From the start page to the result."""
    giver.open("/family-account")
    giver.tap("给家人用")
    if new:
        giver.fill("家人的姓名", name)
        giver.fill("家人的身份证号", WANG.id_number)
        giver.choose("兄弟姐妹")
    else:
        giver.choose(name, exact=False)
    giver.tap("下一步")
    giver.fill("最多能用多少", amount)
    giver.tap("下一步")
    giver.tap("没有错，下一步")
    giver.choose("我看完了，同意以上内容")
    giver.sign(giver_name)
    giver.tap("签好了，提交")
    assert giver.title == "办好了"


def settle(site: Site) -> str:
    """A visit of the mother's in 太原, over the wire; returns the settlement's number."""
    hospital = hospitals_of(site.settings.var_dir / CLIENTS_FILE)["demo-taiyuan"]
    with httpx.Client(base_url=site.url, timeout=60) as http:
        patient = Patient(http, hospital, WANG.person_id)
        patient.admit()
        patient.charge((CLASS_A, "3000.00"))
        bill = patient.bill("3000.00", acct_used_flag="1")
        preview = patient.call("2303", bill)["setlinfo"]
        info = patient.call("2304", bill)["setlinfo"]
        assert info["acct_mulaid_pay"] == info["acct_pay"] == preview["acct_pay"] == "200.00"
        number: str = info["setl_id"]
        asked = {"data": {"psn_no": str(WANG.person_id), "setl_id": number, "mdtrt_id": patient.encounter}}
        assert patient.call("5203", asked)["setlinfo"]["acct_mulaid_pay"] == "200.00"
    return number


@pytest.mark.parametrize("mode", ["normal", "elder", "nojs"])
def test_an_account_is_shared_from_the_wish_to_the_end(clean: Site, walk: Callable[..., Walk], mode: str) -> None:
    daughter = walk("li_jing", mode, check=True, story="share")
    give(daughter, "王秀英", "500", "李静")
    assert daughter.actions == 9
    uncle = walk("zhang_jianguo", mode, check=True, story="share-uncle")
    give(uncle, "王秀英", "200", "张建国", new=True)

    mother = walk("wang_xiuying", mode, check=True, story="share-mother")
    mother.open("/inbox")
    mother.open("/family-account")
    mother.tap("看看，排先后")
    mother.tap("往前排", exact=False)
    assert mother.page.locator("ol.cards h2").first.inner_text().endswith("张建国")

    number = settle(clean)
    mother.open(f"/costs/{number}")
    assert mother.says("家人的个人账户帮付")
    assert mother.says("张*国的个人账户帮您付了 200.00 元")
    uncle.open("/family-account")
    uncle.tap("王秀英（兄弟姐妹）")
    assert uncle.says("用了 200.00 元")

    daughter.open("/family-account")
    daughter.actions = 0
    daughter.tap("王秀英（父母）")
    daughter.tap("帮王秀英交居民医保费")
    daughter.tap("交 400.00 元")
    assert daughter.says("已交")
    assert daughter.actions == 3
    daughter.open("/family-account")
    daughter.tap("王秀英（父母）")
    daughter.tap("改上限")
    daughter.fill("最多能用多少", "300")
    daughter.tap("改好了")
    daughter.refused(1)
    daughter.fill("最多能用多少", "450")
    daughter.tap("改好了")
    assert daughter.says("还能用")
    daughter.tap("解除")
    daughter.tap("确认解除")
    assert daughter.says("已经解除")
    mother.open("/family-account/received")
    assert mother.says("已经结束的")


def test_what_is_wrong_is_said_and_other_peoples_pages_are_not_there(clean: Site, walk: Callable[..., Walk]) -> None:
    daughter = walk("li_jing", check=True, story="share-errors")
    daughter.open("/family-account")
    daughter.tap("给家人用")
    draft = daughter.path
    daughter.tap("下一步")
    daughter.refused(1)
    daughter.choose("另一位家人", exact=False)
    daughter.tap("下一步")
    daughter.refused(3)
    daughter.choose("王秀英", exact=False)
    daughter.tap("下一步")
    for amount in ("", "很多", "0", "99999999"):
        daughter.fill("最多能用多少", amount)
        daughter.tap("下一步")
        daughter.refused(1)
    daughter.fill("最多能用多少", "100")
    daughter.tap("先存着，以后再办")
    daughter.open("/family-account")
    daughter.tap("接着办")
    daughter.tap("没有错，下一步")
    daughter.choose("我看完了，同意以上内容")
    daughter.sign("李静")
    daughter.tap("签好了，提交")
    daughter.tap("看这一条")
    given = daughter.path

    resident = walk("wang_xiuying", check=True, story="share-resident")
    resident.open("/family-account")
    assert resident.says("居民医保没有个人账户")
    resident.open(given)
    assert resident.page.get_by_role("link", name="解除").count() == 0
    stranger = walk("liu_zhiqiang", check=True, story="share-stranger")
    stranger.open("/family-account")
    stranger.open("/family-account/received")
    for path in (draft, given, f"{given}/limit", f"{given}/revoke", f"{given}/premium"):
        response = stranger.page.goto(path)
        assert response is not None
        assert response.status == 404
    for path in (f"{given}/limit", f"{given}/revoke", f"{given}/premium"):
        response = resident.page.goto(path)
        assert response is not None
        assert response.status == 404
    walk("", check=True, story="share-guest").open("/family-account")
