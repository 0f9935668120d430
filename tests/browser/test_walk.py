"""The walking kit itself: two phones in one test, counting, and that its checks can fail."""

from collections.abc import Callable

import pytest
from walk import Walk


def test_two_people_with_two_phones_and_actions_counted(walk: Callable[..., Walk]) -> None:
    mother = walk("wang_xiuying", "elder")
    daughter = walk("li_jing", check=True)
    for person, name in ((mother, "王秀英"), (daughter, "李静")):
        person.open("/")
        assert name in person.title
    assert mother.page.locator("html[data-elder]").count() == 1
    assert daughter.page.locator("html[data-elder]").count() == 0
    assert mother.actions == daughter.actions == 0
    daughter.open("/hospitals")
    daughter.fill("在哪个市", "太原")
    daughter.tap("查一查")
    assert daughter.actions == 2
    assert daughter.pages_seen == {"/", "/hospitals", "/hospitals?"}


def test_what_a_page_does_wrong_is_found(walk: Callable[..., Walk]) -> None:
    visitor = walk(check=True)
    visitor.open("/contact")
    visitor.page.evaluate("document.querySelector('main').append(document.createElement('input'))")
    with pytest.raises(AssertionError, match="label"):
        visitor.look_closely()
    visitor.open("/privacy")
    visitor.page.evaluate("""() => { const wide = document.createElement('p');
        wide.style.width = '700px'; wide.textContent = '宽'; document.querySelector('main').append(wide); }""")
    with pytest.raises(AssertionError, match="wider than 320"):
        visitor.look_closely()


def test_without_scripts(walk: Callable[..., Walk]) -> None:
    visitor = walk("zhang_jianguo", "nojs", check=True)
    visitor.open("/hospitals")
    assert visitor.page.locator("html.js").count() == 0
    visitor.fill("在哪个市", "太原")
    visitor.tap("查一查")
    assert visitor.says("太原")
