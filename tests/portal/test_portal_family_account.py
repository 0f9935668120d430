"""What a browser's walk through the pages of a shared account (`tests/browser`) cannot show."""

import asyncio
from uuid import uuid4

import pytest
from litestar import Litestar
from portal_kit import Browser, count

from tongban import mutual_aid
from tongban.mutual_aid import Grant
from tongban.people import demo_cast
from tongban.signing import Signature, answers_hash

CAST = {person.name: person for person in demo_cast()}
LI, WANG = CAST["李静"], CAST["王秀英"]
MORE_THAN_CONNECTIONS = 12


@pytest.fixture
async def grant(app: Litestar) -> Grant:
    """The daughter lets her mother use 500 yuan."""
    state = app.state
    asked = {"giver_id": LI.person_id, "receiver_id": WANG.person_id, "limit_fen": 50_000, "now": state.clock()}
    async with state.pool.acquire() as db:
        wish = await mutual_aid.check_wish(db, state.vault, state.pack, state.regions, **asked)
        signature = Signature(answers_hash(wish.commitment, wish.answers), typed_name=LI.name)
        return await mutual_aid.open_grant(
            db,
            state.vault,
            state.pack,
            state.regions,
            signature=signature,
            submit_token=uuid4(),
            channel="portal",
            **asked,
        )


@pytest.fixture
async def daughter(visitor: Browser) -> Browser:
    await visitor.sign_in("li_jing")
    return visitor


async def test_more_taps_than_connections_pay_a_premium_once_and_wait_for_nobody(
    app: Litestar, grant: Grant, daughter: Browser
) -> None:
    address = f"/family-account/given/{grant.number}/premium"
    (bill,) = await app.state.tax_office.open_bills(None, grant.receiver_pool)
    await daughter.get(address)
    asked = {"bill": bill.bill_number, "amount": str(bill.amount_fen)}

    async with asyncio.timeout(30):
        answers = await asyncio.gather(*(daughter.post(address, asked) for _ in range(MORE_THAN_CONNECTIONS)))

    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert await count(app, "mutual_aid.premium") == 1
    assert await count(app, "account.entry where what = 'premium'") == 1
    assert "已交" in (await daughter.get(answers[0].headers["location"])).text


async def test_what_is_refused_stands_on_the_page_and_nobody_else_has_it(
    app: Litestar, grant: Grant, daughter: Browser
) -> None:
    address = f"/family-account/given/{grant.number}/premium"
    await daughter.get(address)
    refused = await daughter.post(address, {"bill": "别的", "amount": "40000"})
    assert refused.status_code == 422
    assert "账单刚刚变了" in refused.text
    mother = Browser.of(app)
    await mother.sign_in("wang_xiuying")
    await mother.get("/family-account/received")
    assert (await mother.get(address)).status_code == 404
    assert (await mother.http.get(f"/family-account/given/{grant.number}")).status_code == 200
    assert await count(app, "mutual_aid.premium") == 0
