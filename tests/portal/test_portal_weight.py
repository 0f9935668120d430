"""Bytes are not noise: what a page weighs is held here, how fast it is seen by `bench/pages_bench.py`."""

import gzip
import re

import pytest
from litestar import Litestar
from portal_kit import Browser, Clock

FIRST_LOAD, NEXT_PAGE, STYLE, SCRIPT = 25 * 1024, 6 * 1024, 8 * 1024, 6 * 1024
ESTIMATE = "insured=resident&pool=140100&trip=cross_province&care=inpatient&home=class_1&there=class_1&total=38600"
PAGES = [
    "/",
    "/?whose=family",
    "/sign-in",
    "/journey",
    "/filing",
    "/filing/advice?trip=cross_province&care=inpatient&why=long_term&insurance=resident",
    "/estimate",
    f"/estimate?{ESTIMATE}&way=referral",
    "/search?q=报销",
    "/words",
    "/contact",
    "/prefs",
    "/privacy",
    "/hospitals?place=太原",
]
OWN_PAGES = [
    "/",
    "/journey/new?event=operation",
    "/filing/records",
    "/costs",
    "/code",
    "/inbox",
    "/family",
    "/reimbursement",
    "/chronic",
    "/family-account",
]


@pytest.fixture
def app(shared_app: Litestar) -> Litestar:
    return shared_app


@pytest.fixture
def visitor(app: Litestar, shared_clock: Clock) -> Browser:
    shared_clock.later(minutes=2)
    return Browser.of(app)


def packed(content: bytes) -> int:
    return len(gzip.compress(content, 6, mtime=0))


async def weigh(visitor: Browser, path: str) -> tuple[int, int]:
    """Of the first load and of the page alone."""
    page = await visitor.get(path)
    assert page.status_code == 200, path
    assets = set(re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js|svg))"', page.text))
    weights = [packed((await visitor.http.get(asset)).content) for asset in assets]
    return packed(page.content) + sum(weights), packed(page.content)


@pytest.mark.parametrize("path", PAGES)
async def test_a_visitors_page_is_light(visitor: Browser, path: str) -> None:
    first, following = await weigh(visitor, path)
    assert first <= FIRST_LOAD, (path, first)
    assert following <= NEXT_PAGE, (path, following)


@pytest.mark.parametrize("path", OWN_PAGES)
async def test_a_persons_page_is_light(visitor: Browser, path: str) -> None:
    await visitor.sign_in("li_jing")
    first, following = await weigh(visitor, path)
    assert first <= FIRST_LOAD, (path, first)
    assert following <= NEXT_PAGE, (path, following)


async def test_style_and_script_keep_to_their_share(app: Litestar, visitor: Browser) -> None:
    for name, most in (("app.css", STYLE), ("app.js", SCRIPT)):
        content = (await visitor.http.get(app.state.assets.url(name))).content
        assert packed(content) <= most, (name, packed(content))
