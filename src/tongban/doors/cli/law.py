"""``tongban law``: the policies as data. What is in force, what it decides and computes, and what is not known.

A command lives in a module of its own, ``law_….py`` with ``HELP`` and ``command``, and is registered at the end.
"""

import typer

from tongban.doors.cli import law_check, law_lines, law_rederive, law_replay, law_report, law_show, population

HELP = "医保规则：查有效的数、判断、计算、列出没查到的和有分歧的；把存下的结算再算一遍。"

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Without a callback typer would make the only command the whole group."""


app.command("show", help=law_show.HELP)(law_show.command)
app.command("decide", help=law_lines.DECIDE_HELP)(law_lines.decide_command)
app.command("compute", help=law_lines.COMPUTE_HELP)(law_lines.compute_command)
app.command("gaps", help=law_report.GAPS_HELP)(law_report.gaps_command)
app.command("conflicts", help=law_report.CONFLICTS_HELP)(law_report.conflicts_command)
app.command("check", help=law_check.HELP)(law_check.command)
app.command("replay", help=law_replay.HELP)(law_replay.command)
app.command("rederive", help=law_rederive.HELP)(law_rederive.command)
app.command("generate", help=population.GENERATE_HELP)(population.generate_command)
app.command("simulate", help=population.SIMULATE_HELP)(population.simulate_command)
