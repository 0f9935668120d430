"""The parts pages are made of: fields that keep what was typed and name what is wrong, amounts, addresses, forms."""

import re

import pytest
from markupsafe import Markup

from tongban.advice import Notice
from tongban.directory import FilingLevel, Province, Region
from tongban.doors.http import local_path
from tongban.doors.portal.forms import Problem, problems_of
from tongban.doors.portal.page import _environment, yuan_words
from tongban.doors.portal.prefs import Prefs
from tongban.doors.portal.ways import Row
from tongban.kernel.errors import Invalid, Refusal

PROBLEM = [Problem("x", "手机号应该是 11 位，您填了 7 位")]
EVIL = '"><script>alert(1)</script>'
TANGSHAN = Region("130200", "唐山市", "河北省唐山市", "130000", "河北省", FilingLevel.CITY, True, "tangshan", "ts")

FIELDS = {
    "text": "m.text('x', '名字', values, problems, hint='说明')",
    "tel": "m.tel('x', '手机号', values, problems, hint='说明')",
    "id_number": "m.id_number('x', '身份证号', values, problems)",
    "money": "m.money('x', '金额', values, problems, hint='说明')",
    "date": "m.date('x', '日期', values, problems, hint='说明')",
    "textarea": "m.textarea('x', '原因', values, problems, hint='说明')",
    "select": "m.select('x', '险种', values, problems, [('a', '甲'), ('b', '乙')], hint='说明')",
    "radios": "m.radios('x', '险种', values, problems, [('a', '甲'), ('b', '乙', '解释')], hint='说明')",
    "day": "m.day('x', '从哪天', values, problems, [('today', '今天'), ('date', '选日期')], hint='说明')",
    "check": "m.check('x', '我同意', values, problems)",
    "signature": "m.signature('x', '王秀兰', values, problems)",
    "region_picker": "m.region_picker('x', values, problems, [], [], '', [], '/static/regions.json')",
}


def rendered(source: str, **context: object) -> str:
    return (
        _environment()
        .from_string("{{ " + source + " }}")
        .render({"values": {}, "problems": (), "region": TANGSHAN} | context)
    )


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_says_what_is_wrong_where_it_is(name: str) -> None:
    html = rendered(FIELDS[name], problems=PROBLEM)
    assert 'id="x-err">手机号应该是 11 位，您填了 7 位' in html
    if name not in ("signature",):
        assert 'aria-invalid="true"' in html
        described = re.search(r'aria-describedby="([^"]*)"', html)
        assert described
        for part in described[1].split():
            assert f'id="{part}"' in html
    fine = rendered(FIELDS[name])
    assert "x-err" not in fine
    assert "aria-invalid" not in fine


@pytest.mark.parametrize("name", FIELDS)
def test_the_summary_leads_to_the_field(name: str) -> None:
    html = rendered(FIELDS[name], problems=PROBLEM)
    if name == "region_picker":  # its first place; without any there is nothing to lead to
        html = rendered(FIELDS[name].replace("problems, [], []", "problems, [region], []"), problems=PROBLEM)
    assert ' id="x"' in html
    assert 'href="#x"' in rendered("m.errors(problems)", problems=PROBLEM)


@pytest.mark.parametrize(
    "name", [name for name in FIELDS if name not in ("select", "radios", "check", "region_picker")]
)
def test_what_was_typed_is_kept_and_harmless(name: str) -> None:
    html = rendered(FIELDS[name], values={"x": EVIL})
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_choices_are_kept() -> None:
    assert 'value="b" selected' in rendered(FIELDS["select"], values={"x": "b"})
    assert re.search(r'value="b"[^>]* checked', rendered(FIELDS["radios"], values={"x": "b"}))
    assert " checked" in rendered(FIELDS["check"], values={"x": "1"})
    assert re.search(r'value="date" checked', rendered(FIELDS["day"], values={"x_choice": "date"}))


def test_every_input_has_a_label() -> None:
    for name, source in FIELDS.items():
        html = rendered(source)
        for identity in re.findall(
            r'<(?:input|select|textarea)(?![^>]*type="(?:hidden|radio|checkbox)")[^>]* id="([^"]+)"', html
        ):
            assert f'for="{identity}"' in html, (name, identity)


def test_the_region_picker_offers_cities_and_provinces_that_end_the_choice() -> None:
    provinces = [Province("110000", "北京市", TANGSHAN), Province("130000", "河北省", None)]
    html = rendered(
        "m.region_picker('x', values, problems, [], provinces, '130000', [region], '/r.json')",
        values={"x": "130200"},
        provinces=provinces,
    )
    assert "北京市（选到这里就行）" in html
    assert 'value="130000" selected' in html
    assert re.search(r'value="130200"[^>]* checked', html)
    assert 'name="go" value="province"' in html


def test_a_name_to_trace_is_drawn_without_styles() -> None:
    html = rendered(FIELDS["signature"])
    assert html.count("<text ") == 3
    assert "style" not in html


def test_the_summary_list_names_what_each_link_changes() -> None:
    html = rendered("m.summary([('姓名', '王秀兰', '/a'), ('参保地', '太原市')])")
    assert '<a href="/a">修改<span class="vh">姓名</span></a>' in html
    assert html.count("修改") == 1


def test_the_bar_is_also_words() -> None:
    html = rendered("m.hero('您自己付', 25000, 100000, [('医保报销', 75000), ('个人账户付', 0), ('现金付', 25000)])")
    assert 'aria-label="总费用 1,000.00 元：医保报销 750.00 元，占 75%；现金付 250.00 元，占 25%"' in html
    assert "个人账户付" not in html
    assert '<rect x="750" width="250"' in html


def test_a_bill_of_nothing_has_no_bar() -> None:
    assert "<rect" not in rendered("m.hero('您自己付', 0, 0, [('医保报销', 0), ('现金付', 0)])")


def test_the_timeline_tells_done_from_next() -> None:
    html = rendered("m.timeline([('已提交', '2026年11月22日', '', true), ('办结', '', '', false)])")
    assert html.count("<li") == 2
    assert html.count('class="next"') == 1


@pytest.mark.parametrize(
    "name", ["back", "next", "search", "info", "warn", "stop", "good", "phone", "map", "card", "undo", "trash"]
)
def test_icons_are_for_the_eye_only(name: str) -> None:
    assert 'aria-hidden="true" focusable="false"' in rendered(f"m.ic('{name}')")


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (999_999, ""),
        (1_000_000, "1 万元"),
        (1_230_000, "1.23 万元"),
        (1_234_900, "约 1.23 万元"),
        (1_235_000, "约 1.24 万元"),
        (1_000_001, "约 1 万元"),
        (1_999_999, "约 2 万元"),
        (123_456_789_000, "约 123,456.79 万元"),
    ],
)
def test_large_amounts_in_words(fen: int, words: str) -> None:
    assert yuan_words(fen) == words


@pytest.mark.parametrize("path", ["/", "/costs?before=2026-11-22T02:00:00%2B00:00", "/filing/records/B1"])
def test_a_path_of_ours_is_kept(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path", [None, "", "costs", "//x", "/\\x", "/\tx", "/ x", "https://x", "/" + "a" * 700, "/a\nb"]
)
def test_any_other_path_leads_home(path: str | None) -> None:
    assert local_path(path) == "/"


def test_problems_of_several_refusals_in_page_order() -> None:
    refusal = Invalid([Refusal("一", field="a"), Invalid([Refusal("二"), Refusal("三", field="c")])])
    assert problems_of(refusal) == [Problem("a", "一"), Problem("", "二"), Problem("c", "三")]
    assert problems_of(Refusal("四", field="d")) == [Problem("d", "四")]


def test_elder_mode_is_at_least_24_px() -> None:
    elder = Prefs().changed({"elder": "1"})
    assert (elder.elder, elder.size) == (True, 3)
    assert elder.changed({"size": "0"}).size == 3
    assert elder.changed({"size": "4"}).size == 4
    assert elder.changed({"elder": "0"}).size == 0
    assert Prefs(theme="dark").changed({"elder": "1"}).theme == "dark"
    assert Prefs().changed({"size": "9", "theme": "neon", "elder": "yes"}) == Prefs(is_chosen=True)


def test_templates_escape_by_themselves() -> None:
    assert _environment().from_string("{{ x }}").render(x=EVIL).startswith("&#34;")
    assert _environment().from_string("{{ x }}").render(x=Markup("<b>")) == "<b>"


# -- ways and readings -------------------------------------------------------------------------------------------------


def test_bars_are_on_one_scale_and_say_what_is_not_known() -> None:
    rows = [
        Row("home", "就在参保地看", 25_00, 75_00, 100_00, "", "不用备案。", "", True),
        Row("referral", "医院转诊过去", 100_00, 0, 100_00, "比在参保地多付 75.00 元", "要转诊。", "", True),
        Row("emergency", "急诊", 0, 100_00, 100_00, "", "要标急诊。", "", True),
        Row("own_choice", "自己去", None, None, 100_00, "", "不用先备案。", "没有查到<规定>。", False),
    ]
    html = rendered("m.bars(rows, '/estimate?a=1', 'referral')", rows=rows)
    assert re.findall(r'class="own" width="(\d+)"', html) == ["250", "1000", "0"]
    assert html.count("<svg") == html.count('aria-hidden="true"') == 3
    assert "比在参保地多付 75.00 元" in html
    assert "没有查到&lt;规定&gt;。" in html
    assert re.findall(r'href="([^"]*)"', html) == [f"/estimate?a=1&amp;way={key}" for key in ("home", "emergency")]
    assert html.count('class="on"') == 1


def test_a_line_with_two_numbers_gives_two_links() -> None:
    html = rendered("m.dial('0351-4957436；7797041')")
    assert re.findall(r'href="([^"]*)">([^<]*)', html) == [
        ("tel:03514957436", "0351-4957436"),
        ("tel:03517797041", "7797041"),
    ]
    assert html.count("、") == 1
    assert "<script" not in rendered("m.dial(text)", text='0351-4957436"><script>')


def test_readings_are_quiet() -> None:
    one, two = Notice("I-1", "来源说法不一：甲。"), Notice("I-2", "来源说法不一：乙。")
    assert rendered("m.readings([], '中心', '0351-1')").strip() == ""
    alone = rendered("m.readings(notices, '中心', '0351-1')", notices=[one])
    assert "这里有两种说法" in alone
    assert "<details" not in alone
    assert 'href="tel:03511"' in alone
    both = rendered("m.readings(notices, '中心', '0351-1')", notices=[one, two])
    assert both.index("甲") < both.index("<details") < both.index("乙")
