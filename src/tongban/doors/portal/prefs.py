"""How a person wants pages to look: elder mode 长辈版, text size, light or dark. One cookie, no account needed."""

from typing import NamedTuple, Self

from litestar.datastructures import Cookie

from tongban.doors.http import Request, cookie, is_secure

_YEAR_SECONDS = 365 * 24 * 3600
SIZES = (0, 2, 3, 4)
THEMES = ("", "light", "dark")


class Prefs(NamedTuple):
    """`size` is one of SIZES (0: normal, 2: 22 px, 3: 24 px, 4: 30 px), `theme` one of THEMES ("": as the phone is).
    `is_chosen` is false until the person has chosen anything."""

    elder: bool = False
    size: int = 0
    theme: str = ""
    is_chosen: bool = False

    @classmethod
    def from_request(cls, request: Request) -> Self:
        """From the cookie; a link with ``?elder=1`` (or 0) wins, so that a menu entry can lead to the elder mode."""
        elder, _, rest = cookie(request, "prefs").partition(".")
        size, _, theme = rest.partition(".")
        read = cls(
            elder=elder == "1",
            size=int(size) if size in {str(known) for known in SIZES} else 0,
            theme=theme if theme in THEMES else "",
            is_chosen=elder in ("0", "1"),
        )
        asked = request.query_params.get("elder")
        return read.changed({"elder": asked}) if asked in ("0", "1") else read

    def changed(self, form: dict[str, str]) -> Self:
        """With what `form` chooses; what it does not name, or names wrongly, stays."""
        chosen = self._replace(is_chosen=True)
        if form.get("elder") in ("0", "1"):
            elder = form["elder"] == "1"
            if elder != self.elder:
                chosen = chosen._replace(elder=elder, size=3 if elder else 0)
        if form.get("size") in {str(known) for known in SIZES}:
            chosen = chosen._replace(size=int(form["size"]))
        if form.get("theme") in ("auto", *THEMES):
            chosen = chosen._replace(theme=form["theme"].removeprefix("auto"))
        # Elder mode means at least 24 px.
        return chosen._replace(size=max(chosen.size, 3)) if chosen.elder else chosen

    def cookie(self, request: Request) -> Cookie:
        return Cookie(
            key="prefs",
            value=f"{int(self.elder)}.{self.size}.{self.theme}",
            max_age=_YEAR_SECONDS,
            path="/",
            httponly=True,
            samesite="lax",
            secure=is_secure(request),
        )
