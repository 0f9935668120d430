"""我的家人: binding, being told, ending it from either side, and nobody else's."""

import re

import pytest
from litestar import Litestar
from portal_kit import Browser, Clock, count

from tongban.people import demo_cast
from tongban.people.kin import WRONG_PER_MINUTE_MAX

CAST = {person.name: person for person in demo_cast()}
ZHANG = CAST["张建国"]
TYPED = {"name": "张建国", "id_number": ZHANG.id_number, "relation": "parent"}


@pytest.fixture
async def liu(visitor: Browser) -> Browser:
    await visitor.sign_in("liu_zhiqiang")
    await visitor.get("/family/new")
    return visitor


async def test_binding_telling_and_ending_it_from_the_other_side(app: Litestar, liu: Browser) -> None:
    assert "还没有登记家人" in (await liu.get("/family")).text
    await liu.get("/family/new")
    response = await liu.follow(await liu.post("/family/new", TYPED))
    assert response.url.path == "/family"
    assert "登记好了" in response.text
    assert "张建国" in response.text
    assert ZHANG.id_number not in response.text
    assert f"1401**********{ZHANG.id_number[-4:]}" in response.text
    zhang = Browser.of(app)
    await zhang.sign_in("zhang_jianguo")
    assert "刘志强把您登记成了家人" in (await zhang.get("/inbox")).text
    listed = (await zhang.get("/family")).text
    assert "刘志强" in listed
    assert "子女" in listed
    address = re.search(r"/family/[0-9a-f]{16}/release", listed)
    assert address
    assert "照旧有效" in (await zhang.get(address[0])).text
    response = await zhang.follow(await zhang.post(address[0]))
    assert "已经解除" in response.text
    assert "还没有登记家人" in (await liu.get("/family")).text
    assert "张建国解除了和您的家人登记" in (await liu.get("/inbox")).text
    assert (await zhang.post(address[0])).status_code == 404


async def test_sending_it_twice_binds_and_tells_once(app: Litestar, liu: Browser) -> None:
    for _ in range(2):
        assert (await liu.post("/family/new", TYPED)).status_code == 303
    assert await count(app, "people.kin where person_id = 815360247719084") == 1
    assert await count(app, f"notices.notice where person_id = {ZHANG.person_id}") == 1


async def test_everything_that_is_missing_is_said_at_once(liu: Browser) -> None:
    response = await liu.post("/family/new", {"name": "张建国"})
    assert response.status_code == 422
    assert "<title>有 2 处要改" in response.text
    assert 'value="张建国"' in response.text
    for field in ("id_number", "relation"):
        assert f'href="#{field}"' in response.text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "张建华"}, "姓名和身份证号对不上"),
        ({"id_number": "11010519491231002X"}, "姓名和身份证号对不上"),
        ({"id_number": "140107195810010112"}, "校验位不符"),
        ({"id_number": "1401071958"}, "应该是 18 位，您填了 10 位"),
        ({"relation": "other"}, "请选一下"),
        ({"relation": "child"}, "年纪不比您小"),
        ({"name": "刘志强", "id_number": CAST["刘志强"].id_number}, "这是您自己"),
    ],
)
async def test_what_does_not_fit_is_said_and_what_was_typed_stays(
    app: Litestar, liu: Browser, changed: dict[str, str], said: str
) -> None:
    typed = TYPED | changed
    response = await liu.post("/family/new", typed)
    assert response.status_code == 422
    assert said in response.text
    assert f'value="{typed["name"]}"' in response.text
    assert f'value="{typed["id_number"]}"' in response.text
    assert await count(app, "people.kin where person_id = 815360247719084") == 0


async def test_another_relation_than_the_one_bound_is_refused(liu: Browser) -> None:
    await liu.post("/family/new", TYPED)
    response = await liu.post("/family/new", TYPED | {"relation": "grandparent"})
    assert response.status_code == 409
    assert "已经登记为您的父母" in response.text


async def test_guessing_through_the_page_is_stopped(liu: Browser, clock: Clock) -> None:
    wrong = TYPED | {"name": "不对"}
    statuses = [(await liu.post("/family/new", wrong)).status_code for _ in range(WRONG_PER_MINUTE_MAX + 1)]
    assert statuses == [422] * WRONG_PER_MINUTE_MAX + [429]
    assert "过一分钟" in liu.page
    clock.later(minutes=1)
    assert (await liu.post("/family/new", TYPED)).status_code == 303


async def test_somebody_elses_relative_is_nowhere(app: Litestar, liu: Browser) -> None:
    wang = Browser.of(app)
    await wang.sign_in("wang_xiuying")
    address = re.search(r"/family/[0-9a-f]{16}/release", (await wang.get("/family")).text)
    assert address
    for path in (address[0], "/family/0000000000000000/release", f"/family/{ZHANG.person_id}/release"):
        answers = [(await liu.get(path)), (await liu.post(path))]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert not any("李静" in answer.text for answer in answers)
    assert await count(app, "people.kin where person_id = 318204759610243") == 1
