"""How the names of places are typed: pinyin without tones, and initials."""

# Words that place names read otherwise than everyday Chinese does, and syllables of other languages.
_PLACE_READINGS: dict[str, list[list[str]]] = {
    "长治": [["chang"], ["zhi"]],
    "长子": [["zhang"], ["zi"]],
    "朝阳": [["chao"], ["yang"]],
    "漯河": [["luo"], ["he"]],
    "六安": [["lu"], ["an"]],
    "重庆": [["chong"], ["qing"]],
    "厦门": [["xia"], ["men"]],
    "亳州": [["bo"], ["zhou"]],
    "蚌埠": [["beng"], ["bu"]],
    "洪洞": [["hong"], ["tong"]],
    "乐山": [["le"], ["shan"]],
    "百色": [["bai"], ["se"]],
    "台州": [["tai"], ["zhou"]],
    "丽水": [["li"], ["shui"]],
    "宿州": [["su"], ["zhou"]],
    "长白": [["chang"], ["bai"]],
    "锡林郭勒": [["xi"], ["lin"], ["guo"], ["le"]],
    "阿勒泰": [["a"], ["le"], ["tai"]],
    "克孜勒苏": [["ke"], ["zi"], ["le"], ["su"]],
    "西藏": [["xi"], ["zang"]],
}

# What a city's name carries for its rank; nobody types it.
_RANKS = ("自治州", "自治区", "地区", "省", "市", "盟")

_is_prepared = False


def place_pinyin(name: str) -> tuple[str, str]:
    """``长治市`` → ``("changzhi", "cz")``: the name without its rank, ü written v as on a keyboard."""
    # Imported here: the reading tables take tens of megabytes that a web process has no use for.
    from pypinyin import lazy_pinyin, load_phrases_dict

    global _is_prepared
    if not _is_prepared:
        load_phrases_dict(_PLACE_READINGS)
        _is_prepared = True
    rank = next((rank for rank in _RANKS if name.endswith(rank) and len(name) > len(rank) + 1), "")
    syllables = lazy_pinyin(name.removesuffix(rank))
    return "".join(syllables), "".join(syllable[0] for syllable in syllables)
