"""``tongban law check``: whether the policies load, whether every day has its answer, and whether the cases hold."""

from datetime import date
from pathlib import Path

import typer

from tongban.doors.cli.console import errors, results
from tongban.doors.cli.law_pack import Policies, PoliciesFaulty, open_pack
from tongban.infra.clock import day_of, system_clock
from tongban.kernel.dates import zh_date
from tongban.law import Pack, PolicyError
from tongban.law.cases import CaseFile, CaseResult, read_cases, run
from tongban.law.report import HoleLine, hole_lines, holes
from tongban.settings import Settings

HELP = "检查政策：能不能装入，十年里每一天有没有着落，算例对不对。有问题时返回码为 1。"
YEARS_EACH_WAY = 5


def command(policies: Policies = None) -> None:
    pack = open_pack(policies)
    results.print(f"规则装入了，版本 {pack.version}。")
    today = day_of(system_clock())
    first, last = date(today.year - YEARS_EACH_WAY, 1, 1), date(today.year + YEARS_EACH_WAY - 1, 12, 31)
    is_whole = _check_days(pack, first, last)
    is_right = _check_cases(pack, [Settings.from_env().policies_dir, *(policies or ())])
    if not (is_whole and is_right):
        raise typer.Exit(1)


def _check_days(pack: Pack, first: date, last: date) -> bool:
    found = holes(pack, first, last)
    span = f"{zh_date(first)}到 {zh_date(last)}"
    if not found:
        results.print(f"{span}，每一天每种情形都恰好有一个答案，或写明了没有查到。")
        return True
    errors.print(f"{span}，有 {len(found)} 处没有着落：", style="red")
    for line in hole_lines(pack, found):
        errors.print(f"  {_told(line)}", soft_wrap=True)
    return False


def _told(line: HoleLine) -> str:
    what = "不止一个答案" if line.what == "several" else "没有答案，也没有写明没有查到"
    under = f"（读法 {line.reading}）" if line.reading else ""
    where = f"{line.region_zh}，{line.zh}（{line.subject}），{line.keys_zh or '都一样'}"
    return f"{where}，{zh_date(line.since)}到 {zh_date(line.until)}{under}：{what}"


def _check_cases(pack: Pack, folders: list[Path]) -> bool:
    try:
        files = _overlaid(folders)
    except PolicyError as error:
        raise PoliciesFaulty(str(error)) from None
    made = [run(pack, case) for file in files for case in file.cases]
    wrong = [result for result in made if not result.is_as_expected]
    if not wrong:
        results.print(f"{len(made)} 个算例都对，在 {len(files)} 个文件里。")
        return True
    errors.print(f"{len(made)} 个算例里有 {len(wrong)} 个不对：", style="red")
    for result in wrong:
        _print_wrong(result)
    return False


def _overlaid(folders: list[Path]) -> list[CaseFile]:
    """The case files of all folders; one of the same name in a later folder goes in place of the earlier."""
    return list({file.name: file for folder in folders for file in read_cases(folder)}.values())


def _print_wrong(result: CaseResult) -> None:
    errors.print(f"  {result.case.file}：{result.case.title}（{result.case.article}）", soft_wrap=True)
    for difference in result.differences:
        errors.print(f"    {difference}", soft_wrap=True)
