"""The pages over HTTP, as a browser without scripts uses them."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape

import pytest
from pages_kit import Visitor

from product_kit import World, today


@pytest.fixture(autouse=True)
def _closing() -> Iterator[None]:
    yield
    Visitor.close_all()


@pytest.fixture
def zhang(site: World) -> Visitor:
    """张建国, a retired employee of 太原."""
    return Visitor(site.url).sign_in("zhang_jianguo")


def filings(site: World) -> int:
    return int(site.query("select count(*) as n from filing.filing")[0]["n"])


# --- is one needed? ---


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"insurance": "resident", "trip": "in_province", "care": "inpatient", "why": "own_choice"}, "您不用备案"),
        ({"insurance": "employee", "trip": "cross_province", "care": "inpatient", "why": "own_choice"}, "不用先备案"),
        ({"insurance": "employee", "trip": "in_province", "care": "inpatient", "why": "long_term"}, "您要先备案"),
        ({"insurance": "resident", "trip": "cross_province", "care": "inpatient", "why": "referral"}, "由医院来办"),
        ({"insurance": "resident", "trip": "cross_province", "care": "inpatient", "why": "emergency"}, "急诊"),
        ({"insurance": "resident", "trip": "in_province", "care": "chronic", "why": "own_choice"}, "问一下参保地"),
        # One does not leave hospital after seeing a doctor for an hour.
        ({"insurance": "resident", "trip": "in_province", "care": "outpatient", "why": "own_choice"}, "看完病直接结算"),
        ({"insurance": "employee", "trip": "in_province", "care": "pharmacy", "why": "own_choice"}, "那家药店"),
    ],
)
def test_visitors_learn_whether_to_file(site: World, answers: dict[str, str], says: str) -> None:
    visitor = Visitor(site.url)
    visitor.get("/filing")
    visitor.send(**answers)
    assert visitor.page.status_code == 200
    assert says in visitor.page.text
    assert "依据是什么" in visitor.page.text or says == "问一下参保地"


def test_who_is_known_is_not_asked_for_the_insurance(zhang: Visitor) -> None:
    assert "您参加的是哪种医保" not in zhang.get("/filing").text
    assert "您参加的是哪种医保" in Visitor(str(zhang.http.base_url)).get("/filing").text


def test_unanswered_questions_are_named_and_the_answered_ones_kept(site: World) -> None:
    visitor = Visitor(site.url)
    visitor.get("/filing")
    visitor.send(care="inpatient")
    assert visitor.page.status_code == 422
    assert "有 3 处要改" in visitor.page.text
    assert visitor.form().values["care"] == "inpatient"


def test_answers_that_nobody_offered_are_refused(site: World) -> None:
    visitor = Visitor(site.url)
    visitor.get("/filing/advice?trip=moon&care=tea&why=fun&insurance=pets")
    assert visitor.page.status_code == 422
    assert "有 4 处要改" in visitor.page.text
    assert visitor.form().values == {}


def test_undetermined_gives_a_phone(zhang: Visitor) -> None:
    zhang.get("/filing/advice?trip=in_province&care=chronic&why=own_choice")
    assert re.search(r'<a class="btn" href="tel:\d+"', zhang.page.text)
    assert "开始备案" not in zhang.page.text


# --- six steps ---


def test_the_whole_flow_without_scripts(zhang: Visitor, site: World) -> None:
    zhang.start()
    zhang.walk()
    assert zhang.path.endswith("/done")
    assert "备案成功" in zhang.page.text
    assert "河北省唐山市" in zhang.page.text
    number = re.search(r"B\d{18,}", zhang.page.text)
    assert number
    assert filings(site) == 1
    row = site.query("select method, signer_name from signing.signature")[0]
    assert (row["method"], row["signer_name"]) == ("typed", "张建国")
    record = zhang.get(f"/filing/records/{number[0]}").text
    assert "内容没有改过" in record
    assert "13800000001" in record
    assert "备案办好了" in record
    assert zhang.get(f"/filing/records/{number[0]}/proof").status_code == 200


def test_every_step_says_its_number_and_leads_back(zhang: Visitor) -> None:
    zhang.start()
    shown = []
    for step in ("place", "kind", "notice", "contact", "review", "sign"):
        zhang.walk(until=step)
        said = re.search(r"<b>第 (\d) 步</b>，共 6 步", zhang.page.text)
        assert said
        shown.append(said[1])
        assert zhang.page.text.count("<h1") == 1
        assert 'class="back"' in zhang.page.text
        assert "先存着，以后再办" in zhang.page.text
    assert shown == ["2", "2", "3", "4", "5", "6"]


def test_the_cities_of_a_province_without_scripts(zhang: Visitor) -> None:
    zhang.start()
    zhang.walk(until="place")
    assert "唐山市" not in zhang.page.text
    zhang.send(area_province="130000", go="province")
    assert zhang.path.endswith("/place")
    assert "唐山市" in zhang.page.text
    assert "有 1 处要改" not in zhang.page.text
    assert zhang.form().values["area_province"] == "130000"


@pytest.mark.parametrize(
    ("step", "typed", "says", "field"),
    [
        ("place", {"area": "140100"}, "就是您的参保地", "area"),
        ("place", {"area": ""}, "请选您要去看病的地方", "area"),
        ("place", {"area": "999999"}, "没有找到这个地方", "area"),
        ("kind", {"kind": "referral"}, "医院", "kind"),
        ("kind", {"kind": "nothing"}, "没有这一类", "kind"),
        ("notice", {"notice_read": ""}, "我看过了", "notice_read"),
        ("contact", {"tel": "1380351"}, "您填了 7 位", "tel"),
        ("contact", {"start_choice": "date", "start": "2026年2月30日"}, "日历上没有", "start"),
        ("sign", {"typed": "李四", "agree": "1"}, "和您的姓名不一样", "typed"),
        ("sign", {"typed": "", "agree": "1", "sign": "{broken"}, "没有传完整", "sign"),
        ("sign", {"typed": "张建国", "agree": ""}, "打勾", "agree"),
    ],
)
def test_a_mistake_is_named_and_what_was_typed_stays(
    zhang: Visitor, site: World, step: str, typed: dict[str, str], says: str, field: str
) -> None:
    zhang.start()
    zhang.walk(until=step)
    addresses = {"residence": "路北区新华道 126 号", "addr": "太原市体育路 8 号"} if step == "contact" else {}
    zhang.send(**(addresses | typed))
    assert zhang.page.status_code == 422
    assert "有 1 处要改" in zhang.page.text
    assert says in zhang.page.text
    assert f'href="#{field}"' in zhang.page.text
    for name, value in typed.items():
        if value and name in ("tel", "start", "typed", "sign"):
            assert zhang.form().values[name] == value
    assert filings(site) == 0
    # The step is shown with its mistake again when it is come back to.
    again = zhang.get(zhang.path)
    assert again.status_code == 200
    assert says in again.text


def test_scripts_in_typed_values_are_only_text(zhang: Visitor) -> None:
    zhang.start()
    zhang.walk(until="contact")
    zhang.send(residence='"><script>alert(1)</script>', tel="1")
    assert "<script>alert(1)" not in zhang.page.text
    assert zhang.form().values["residence"] == '"><script>alert(1)</script>'


def test_a_change_from_the_review_leads_back_to_it(zhang: Visitor) -> None:
    draft = zhang.start()
    zhang.walk(until="review")
    zhang.get(f"{draft}/contact?from=review")
    zhang.send(addr="太原市迎泽区解放路 1 号")
    assert zhang.path.endswith("/review")
    assert "太原市迎泽区解放路 1 号" in zhang.page.text


def test_another_kind_asks_for_its_notice_before_the_review(zhang: Visitor) -> None:
    draft = zhang.start()
    zhang.walk(until="review")
    zhang.get(f"{draft}/kind?from=review")
    zhang.send(kind="unreferred")
    assert zhang.path.endswith("/notice")
    assert "您换过选项" in zhang.page.text
    zhang.send(notice_read="1")
    assert zhang.path.endswith("/review")


def test_saved_for_later_and_taken_up_again(zhang: Visitor, site: World) -> None:
    draft = zhang.start()
    zhang.walk(until="contact")
    zhang.send(tel="138", save="1")
    assert "存好了" in zhang.page.text
    later = Visitor(site.url).sign_in("zhang_jianguo")
    assert draft in later.get("/filing").text
    later.get(draft)
    assert later.path == f"{draft}/contact"
    assert later.form().values["tel"] == "138"
    assert "要改一下" not in later.page.text


def test_skipping_ahead_leads_to_what_is_missing(zhang: Visitor) -> None:
    draft = zhang.start()
    zhang.get(f"{draft}/sign")
    assert zhang.path == f"{draft}/place"


def test_a_thrown_away_draft_is_gone(zhang: Visitor) -> None:
    draft = zhang.start()
    zhang.walk(until="place")
    zhang.send(save="1")
    zhang.send(action="/discard")
    assert zhang.path == "/filing"
    assert zhang.get(draft).status_code == 404


def test_starting_again_leaves_no_untouched_drafts(zhang: Visitor, site: World) -> None:
    for _ in range(3):
        zhang.start()
    assert site.query("select count(*) as n from drafts.draft")[0]["n"] == 1


def test_starting_something_else_takes_nothing_from_an_open_page(zhang: Visitor, site: World) -> None:
    """One window types on its first page while the other begins for somebody else."""
    zhang.start()
    other = Visitor(site.url).sign_in("zhang_jianguo")
    other.get("/filing/for-family")
    other.send(for_="other")
    assert other.path.endswith("/person")
    assert site.query("select count(*) as n from drafts.draft")[0]["n"] == 2
    zhang.send(area="130200")
    assert zhang.path.endswith("/kind"), zhang.page.text
    an_hour_ago = "created_at = created_at - interval '1 hour', updated_at = updated_at - interval '1 hour'"
    site.query(f"update drafts.draft set {an_hour_ago} where updated_at = created_at returning 1")
    zhang.start()  # nobody has that page open any more
    assert site.query("select count(*) as n from drafts.draft")[0]["n"] == 2


# --- once, by the right person ---


def test_a_double_tap_and_a_repeated_submit_give_one_result(zhang: Visitor, site: World) -> None:
    draft = zhang.start()
    zhang.walk(until="sign")
    values = zhang.form().values | {"agree": "1", "typed": "张建国"}

    def tap(_: int) -> tuple[int, str]:
        answer = zhang.http.post(f"{draft}/sign", data=values)
        return answer.status_code, answer.headers.get("location", "")

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(tap, range(4)))
    assert set(answers) == {(303, f"{draft}/done")}
    assert filings(site) == 1
    first = zhang.get(f"{draft}/done").text
    assert tap(0) == (303, f"{draft}/done")
    number = re.search(r"B\d{18,}", first)
    assert number
    assert number[0] in zhang.get(f"{draft}/sign").text
    assert filings(site) == 1


def test_two_windows_on_one_draft(zhang: Visitor, site: World) -> None:
    """One window signs for 唐山 while the other has moved on to 石家庄: nothing is filed that was not seen."""
    draft = zhang.start()
    zhang.walk(until="sign")
    other = Visitor(site.url).sign_in("zhang_jianguo")
    other.get(f"{draft}/place")
    other.send(area="130100")
    zhang.send(agree="1", typed="张建国")
    assert filings(site) == 0
    assert zhang.path.endswith("/review")
    assert "河北省石家庄市" in zhang.page.text
    assert "另一个页面也填过" in zhang.page.text
    zhang.send()
    assert "作废" in zhang.page.text
    zhang.send(agree="1", typed="张建国")
    assert "备案成功" in zhang.page.text
    assert site.query("select treatment_pool from filing.filing")[0]["treatment_pool"] == "130100"


def test_going_back_after_signing_voids_the_name(zhang: Visitor, site: World) -> None:
    """The name was written, the filing refused; with another answer it has to be looked at and signed anew."""
    zhang.start()
    zhang.walk()
    draft = zhang.start()
    zhang.walk(until="sign")
    zhang.send(agree="1", typed="张建国")
    assert zhang.page.status_code == 409
    assert zhang.form().values["typed"] == "张建国"
    signed = zhang.form().values
    zhang.get(f"{draft}/place?from=review")
    zhang.send(area="130100")
    assert zhang.path.endswith("/review")
    late = zhang.http.post(f"{draft}/sign", data=signed, follow_redirects=True)  # the page from before, still open
    assert late.url.path == f"{draft}/review"
    zhang.send()
    assert zhang.path.endswith("/sign")
    assert zhang.form().values.get("typed", "") == ""
    zhang.send(agree="1", typed="")
    assert zhang.page.status_code == 422
    assert filings(site) == 1


def test_an_overlap_names_the_filing_that_stands(zhang: Visitor, site: World) -> None:
    zhang.start()
    zhang.walk()
    zhang.start()
    zhang.walk(until="sign")
    zhang.send(agree="1", typed="张建国")
    assert zhang.page.status_code == 409
    number = site.query("select person_id, filing_serial from filing.filing")[0]
    assert f"{number['person_id']}{number['filing_serial']}" in zhang.page.text
    assert "看看原来的备案" in zhang.page.text
    assert filings(site) == 1


@pytest.mark.parametrize("page", ["", "/who", "/sign", "/done", "/saved"])
def test_a_strangers_draft_does_not_exist(zhang: Visitor, site: World, page: str) -> None:
    draft = zhang.start()
    stranger = Visitor(site.url).sign_in("li_jing")
    assert stranger.get(draft + page).status_code == 404
    stranger.get("/filing")
    values = stranger.forms()[0].values | {"for": "self"}
    for to in ("who", "sign", "discard"):
        assert stranger.http.post(f"{draft}/{to}", data=values).status_code == 404
    assert zhang.get(draft).status_code == 200


@pytest.mark.parametrize("path", ["/filing/x/who", "/filing/00000000-0000-0000-0000-000000000000/who"])
def test_a_draft_that_never_was_is_not_found(zhang: Visitor, path: str) -> None:
    assert zhang.get(path).status_code == 404


def test_a_strangers_record_does_not_exist(zhang: Visitor, site: World) -> None:
    zhang.start()
    zhang.walk()
    number = re.search(r"B\d{18,}", zhang.page.text)
    assert number
    stranger = Visitor(site.url).sign_in("li_jing")
    for more in ("", "/cancel", "/signature.png"):
        assert stranger.get(f"/filing/records/{number[0]}{more}").status_code == 404


def test_without_signing_in_no_step_is_shown(site: World) -> None:
    visitor = Visitor(site.url)
    for path in ("/filing/records", "/filing/00000000-0000-0000-0000-000000000000/who"):
        visitor.get(path)
        assert visitor.path == "/sign-in"


def test_a_form_from_elsewhere_is_refused(zhang: Visitor, site: World) -> None:
    draft = zhang.start()
    assert zhang.http.post(f"{draft}/who", data={"for": "self", "csrf": "x"}).status_code == 403


def test_an_inactive_medical_code_is_said_early_and_files_nothing(site: World) -> None:
    zhao = Visitor(site.url).sign_in("zhao_yumei")
    zhao.start()
    assert "去激活医保码" in zhao.page.text
    assert 'href="/code"' in zhao.page.text


def test_two_enrollments_are_chosen_between(site: World) -> None:
    chen = Visitor(site.url).sign_in("chen_yuhang")
    chen.get("/filing")
    chen.send(insurance="employee", trip="cross_province", care="inpatient", why="long_term")
    chen.send(action="/filing/start")
    assert "用哪份医保办" in chen.page.text
    chen.send(for_="self")
    assert chen.page.status_code == 422
    assert "请选用哪份医保办" in chen.page.text


def test_a_place_where_nothing_is_to_be_filed_says_so(site: World) -> None:
    """王秀英 is resident-insured: staying at a hospital in the province needs no filing."""
    wang = Visitor(site.url).sign_in("wang_xiuying")
    wang.start()
    wang.walk(until="place")
    wang.send(area="140200")
    options = re.findall(r'name="kind" value="(\w+)"', wang.page.text)
    assert "unreferred" not in options


# --- records ---


def test_lists_tabs_and_ways(zhang: Visitor) -> None:
    assert "您还没有办过备案" in zhang.get("/filing/records").text
    zhang.start()
    zhang.walk()
    assert "去河北省唐山市看病" in zhang.get("/filing/records").text
    assert "去河北省唐山市看病" in zhang.get("/filing/records?way=self").text
    assert "去河北省唐山市看病" not in zhang.get("/filing/records?way=hospital").text
    assert "替别人办过" in zhang.get("/filing/records?whose=others").text
    assert zhang.get("/filing/records?way=nonsense").status_code == 200


def test_cancelling_closes_it(zhang: Visitor) -> None:
    zhang.start()
    zhang.walk()
    number = re.search(r"B\d{18,}", zhang.page.text)
    assert number
    zhang.get(f"/filing/records/{number[0]}/cancel")
    zhang.send(reason="孩子搬家了")
    assert "已关闭" in zhang.page.text
    assert "孩子搬家了" in zhang.page.text
    zhang.get(f"/filing/records/{number[0]}/cancel")
    assert zhang.path == f"/filing/records/{number[0]}"
    assert "已关闭" in zhang.get("/filing/records").text


def test_the_notice_names_what_false_statements_lead_to(zhang: Visitor) -> None:
    zhang.start()
    zhang.walk(until="notice")
    assert "停联网结算 3 到 12 个月" in zhang.page.text
    assert "2 到 5 倍" in zhang.page.text
    assert "《医疗保障基金使用监督管理条例》，第四十一条" in zhang.page.text


def test_a_settled_filing_says_why_it_cannot_be_cancelled(zhang: Visitor, site: World) -> None:
    zhang.start()
    zhang.walk()
    number = re.search(r"B\d{18,}", zhang.page.text)
    assert number
    zhang.get(f"/filing/records/{number[0]}/cancel")
    site.query("update filing.filing set settlements_here = 1 returning 1")
    zhang.send(reason="不去了")
    assert zhang.page.status_code == 409
    assert "已经结算过，不能取消" in zhang.page.text
    assert "取消备案" not in zhang.get(f"/filing/records/{number[0]}").text


def test_the_record_leads_to_what_a_stay_under_it_costs(zhang: Visitor) -> None:
    zhang.start()
    zhang.walk()
    number = re.search(r"B\d{18,}", zhang.page.text)
    assert number
    link = re.search(r'href="(/estimate\?[^"]+)"', zhang.get(f"/filing/records/{number[0]}").text)
    assert link
    assert "way=long_term" in link[1]
    shown = zhang.get(unescape(link[1]))
    assert shown.status_code == 200
    assert "自己付" in shown.text


def test_a_start_in_the_future_is_noted(zhang: Visitor) -> None:
    zhang.start()
    zhang.walk(start_choice="date", until="contact")
    day = today() + timedelta(days=10)
    zhang.send(
        start_choice="date",
        start=day.isoformat(),
        residence="路北区新华道 126 号",
        tel="13800000001",
        addr="太原市小店区体育路 8 号",
    )
    zhang.walk()
    assert "起生效" in zhang.page.text
    assert "未到开始日" in zhang.get("/filing/records").text


def test_the_comparison_knows_what_is_filed(zhang: Visitor) -> None:
    stay = "care=inpatient&home=class_1&there=class_1&total=20000"
    assert "您有去" not in zhang.get(f"/compare?trip=cross_province&{stay}").text
    zhang.start()
    zhang.walk()
    assert "您有去河北省唐山市的备案（异地长期居住人员）" in zhang.get(f"/compare?trip=cross_province&{stay}").text
    assert "您有去" not in zhang.get(f"/compare?trip=in_province&{stay}").text
