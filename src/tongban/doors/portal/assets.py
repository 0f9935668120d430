"""Styles, scripts and pictures under names that carry their content's hash, so that they may be cached for ever."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from tongban.doors.http import Request

_STATIC = Path(__file__).parent / "static"
_TYPES = {".js": "text/javascript", ".svg": "image/svg+xml", ".css": "text/css", ".json": "application/json"}


@dataclass(frozen=True, slots=True)
class Asset:
    media_type: str
    content: bytes
    packed: bytes  # gzip


class Assets:
    """``assets.url("app.css")`` → ``/static/app.3f2a….css``."""

    def __init__(self) -> None:
        self._urls: dict[str, str] = {}
        self._by_name: dict[str, Asset] = {}
        for path in sorted(_STATIC.iterdir()):
            self.add(path.name, path.read_bytes())

    def add(self, name: str, content: bytes) -> None:
        stem, dot, suffix = name.partition(".")
        hashed = f"{stem}.{hashlib.sha256(content).hexdigest()[:10]}{dot}{suffix}"
        kind = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        self._urls[name] = f"/static/{hashed}"
        self._by_name[hashed] = Asset(kind, content, gzip.compress(content, 9, mtime=0))

    def url(self, name: str) -> str:
        return self._urls[name]

    def find(self, hashed_name: str) -> Asset | None:
        return self._by_name.get(hashed_name)


@get("/static/{name:str}", opt={"who": "public"}, sync_to_thread=False)
def static_file(request: Request, name: FromPath[str]) -> Response[bytes]:
    assets: Assets = request.app.state.assets
    if (asset := assets.find(name)) is None:
        raise NotFoundException
    headers = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
    packs = accepts_gzip(request) and len(asset.packed) < len(asset.content)
    if packs:
        headers["content-encoding"] = "gzip"
    return Response(asset.packed if packs else asset.content, media_type=asset.media_type, headers=headers)


def accepts_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")


route_handlers = [static_file]
