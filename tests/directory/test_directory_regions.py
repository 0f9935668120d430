"""Where people are insured and where a filing may lead."""

import pytest

from tongban.directory import FilingLevel, Regions, pool_of
from tongban.directory.errors import UnknownRegion


def names(found: list) -> list[str]:
    return [region.name for region in found]


def test_seven_regions_are_filed_to_at_province_level_and_the_rest_at_city_level(regions: Regions) -> None:
    to_province = {r.name for r in regions.all() if r.filing_level is FilingLevel.PROVINCE}
    assert to_province == {
        "北京市",
        "天津市",
        "上海市",
        "重庆市",
        "海南省",
        "西藏自治区",
        "新疆生产建设兵团",
    }
    assert regions.require("140100").filing_level is FilingLevel.CITY
    assert regions.require("650100").filing_level is FilingLevel.CITY


def test_a_picker_means_what_was_named_or_a_province_that_is_all_there_is(regions: Regions) -> None:
    assert regions.chosen("130200", "460000") == "130200"
    assert [regions.chosen("", code) for code in ("460000", "660000", "130000", "999999", "")] == [
        *("460000", "660000", "", "", ""),
    ]


def test_the_corps_is_a_pool_beside_xinjiang_and_not_inside_it(regions: Regions) -> None:
    corps = regions.require("660000")
    assert corps.province_code == "660000"
    assert "660000" not in [r.pool_code for r in regions.of_province("650000")]
    listed = [p.code for p in regions.provinces()]
    assert listed.index("660000") == listed.index("650000") + 1


@pytest.mark.parametrize("city", ["659001", "659004", "659012"])
def test_the_corps_own_cities_belong_to_it(regions: Regions, city: str) -> None:
    found = pool_of(regions, city)
    assert found is not None
    assert found.pool_code == "660000"


def test_shanxi_has_its_own_unit_and_eleven_cities(regions: Regions) -> None:
    assert names(regions.of_province("140000")) == [
        *("太原市", "大同市", "阳泉市", "长治市", "晋城市", "朔州市", "晋中市", "运城市", "忻州市", "临汾市", "吕梁市")
    ]
    everywhere = regions.of_province("140000", can_file_to=False)
    assert names(everywhere)[-1] == "山西省本级"


def test_the_provinces_own_unit_insures_people_but_is_no_place_to_go_to(regions: Regions) -> None:
    own = regions.require("149900")
    assert not own.can_file_to
    assert own.full_name == "山西省本级"
    assert "149900" not in [r.pool_code for r in regions.find("山西")]
    assert names(regions.find("省本级", can_file_to=False)) == ["山西省本级", "浙江省本级"]


def test_a_municipality_ends_the_picker_at_the_province(regions: Regions) -> None:
    provinces = {p.name: p for p in regions.provinces()}
    assert provinces["北京市"].single_pool == regions.require("110000")
    assert provinces["山西省"].single_pool is None


@pytest.mark.parametrize(
    ("code", "pool"),
    [
        ("140100", "140100"),  # a pool
        ("140105", "140100"),  # a district
        ("140121", "140100"),  # a county
        ("140171", "140100"),  # a development zone
        ("140199", "140100"),  # a city's own unit, in no list
        ("149900", "149900"),
        ("110105", "110000"),  # a district of a municipality
        ("110000", "110000"),
        ("500200", "500000"),  # 重庆's placeholder for its counties
        ("460105", "460000"),  # 海南 is one pool
        ("469005", "460000"),
        ("540102", "540000"),
        ("419001", "419001"),  # run directly by its province
        ("429021", "429021"),
        ("441900", "441900"),  # a city without counties
        ("659001", "660000"),
        (" 140105 ", "140100"),
    ],
)
def test_a_region_code_leads_to_its_pool(regions: Regions, code: str, pool: str) -> None:
    found = pool_of(regions, code)
    assert found is not None
    assert found.pool_code == pool


@pytest.mark.parametrize(
    "code", ["140000", "650000", "810000", "999999", "000000", "", "1401", "14010x", "１４０１００"]
)
def test_a_code_that_names_no_pool_finds_none(regions: Regions, code: str) -> None:
    assert pool_of(regions, code) is None


def test_requiring_an_unknown_region_is_refused_with_a_sentence(regions: Regions) -> None:
    with pytest.raises(UnknownRegion, match="请重新选择地区"):
        regions.require("999999")


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("太原", "太原市"),
        ("太原市", "太原市"),
        ("taiyuan", "太原市"),
        ("TaiYuan", "太原市"),
        ("tai yuan", "太原市"),
        ("taiy", "太原市"),
        ("ty", "太原市"),
        ("changzhi", "长治市"),
        ("cz", "长治市"),
        ("lvliang", "吕梁市"),
        ("lüliang", "吕梁市"),
        ("luliang", "吕梁市"),
        ("北京", "北京市"),
        ("bj", "北京市"),
        ("chongqing", "重庆市"),
        ("兵团", "新疆生产建设兵团"),
        ("xjscjsbt", "新疆生产建设兵团"),
        ("清徐", "太原市"),  # a county finds its city
        ("ｔａｉｙｕａｎ", "太原市"),
    ],
)
def test_people_find_a_place_however_they_type_it(regions: Regions, typed: str, first: str) -> None:
    assert first in names(regions.find(typed))
    if typed not in ("cz", "ty"):  # initials that several cities share
        assert names(regions.find(typed))[0] == first


def test_a_province_finds_its_cities(regions: Regions) -> None:
    assert set(names(regions.find("山西"))) == {r.name for r in regions.of_province("140000")}


@pytest.mark.parametrize("typed", ["", "  ", "xyzzy", "%", "'", "东京"])
def test_nothing_is_found_for_nothing(regions: Regions, typed: str) -> None:
    assert regions.find(typed) == []


def test_the_search_stops_at_its_limit(regions: Regions) -> None:
    assert len(regions.find("s", limit=3)) == 3


# Readings that a dictionary of everyday words gets wrong, and ordinary ones beside them.
READINGS = {
    "140400": ("changzhi", "cz"),
    "211300": ("chaoyang", "cy"),
    "411100": ("luohe", "lh"),
    "341500": ("luan", "la"),
    "500000": ("chongqing", "cq"),
    "350200": ("xiamen", "xm"),
    "341600": ("bozhou", "bz"),
    "340300": ("bengbu", "bb"),
    "331000": ("taizhou", "tz"),
    "331100": ("lishui", "ls"),
    "341300": ("suzhou", "sz"),
    "321300": ("suqian", "sq"),
    "511100": ("leshan", "ls"),
    "451000": ("baise", "bs"),
    "220100": ("changchun", "cc"),
    "430100": ("changsha", "cs"),
    "370100": ("jinan", "jn"),
    "120000": ("tianjin", "tj"),
    "310000": ("shanghai", "sh"),
    "540000": ("xizang", "xz"),
    "152500": ("xilinguole", "xlgl"),
    "654300": ("aletai", "alt"),
    "653000": ("kezilesukeerkezi", "kzlskekz"),
    "652800": ("bayinguolengmenggu", "byglmg"),
    "650100": ("wulumuqi", "wlmq"),
    "150100": ("huhehaote", "hhht"),
    "222400": ("yanbianchaoxianzu", "ybcxz"),
    "513300": ("ganzizangzu", "gzzz"),
    "460000": ("hainan", "hn"),
    "141100": ("lvliang", "ll"),
    "140600": ("shuozhou", "sz"),
    "140900": ("xinzhou", "xz"),
}


@pytest.mark.parametrize("code", READINGS)
def test_place_names_are_read_as_people_there_say_them(regions: Regions, code: str) -> None:
    region = regions.require(code)
    assert (region.pinyin, region.initials) == READINGS[code]


def test_every_reading_is_plain_letters(regions: Regions) -> None:
    assert all((r.pinyin + r.initials).isascii() and (r.pinyin + r.initials).isalpha() for r in regions.all())
