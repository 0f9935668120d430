"""What a citizen reads in the policies is short: one idea, at most 25 characters a sentence."""

import re
from collections.abc import Iterator

from tongban.law import Pack

LONGEST = 25


def spoken(pack: Pack) -> Iterator[str]:
    for rows in pack.rows.values():
        yield from (row.sentence for row in rows)
    for kinds in pack.kinds.values():
        for kind in kinds:
            yield kind.definition or ""
            yield from (material.sentence for material in kind.materials or ())
    for steps in pack.explanations.values():
        for step in steps:
            for wording in (step.wording, *(variant.wording for variant in step.variants)):
                yield from (wording.question, wording.sentence)


def test_every_sentence_is_short(pack: Pack) -> None:
    for text in set(spoken(pack)):
        plain = re.sub(
            r"《.*?》|\{.*?\}", "", text
        )  # a title is as long as it is; a word to fill in is counted as none
        for sentence in re.split("[。？；]", plain):
            assert len(re.findall(r"[\u4e00-\u9fff]", sentence)) <= LONGEST, text


def test_no_office_words(pack: Pack) -> None:
    for text in spoken(pack):
        assert not re.search("个人负担|予以|支付比例|系统异常|参数|请输入", text), text
