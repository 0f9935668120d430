"""``tongban review …``: what the agency decides, one module per matter."""

import typer

from tongban.doors.cli.review import chronic, claims

HELP = "经办审核：排队、看材料、受理、补正、通过、不通过。"

app = typer.Typer(no_args_is_help=True)
app.add_typer(chronic.app, name="chronic", help=chronic.HELP)
app.add_typer(claims.app, name="claim", help=claims.HELP)
