"""The static files, read once and kept in memory.

They are few and small. Held in memory they are served compressed, a path can never lead out of the folder, and one
fingerprint over all of them lets pages ask for `/static/v-<fingerprint>/…`, which a browser keeps for good, while
`/static/…` stays the steady address for other sites that embed the widget. There is no bundler: what is served is the
file, only without its comments and indentation, which are for us and a third of the weight.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

STATIC_FOLDER = Path(__file__).parent / "static"

_COMPRESSED = frozenset({".css", ".js", ".svg"})
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
# Whole lines only, so that nothing inside code or a string is ever taken for a comment.
_COMMENT_LINES = re.compile(rb"^[ \t]*(?:/\*.*?\*/[ \t]*|//[^\n]*)\n", re.MULTILINE | re.DOTALL)
_INDENTATION = re.compile(rb"^[ \t]+|^\n", re.MULTILINE)
_VERSION = re.compile(r"(?:v-([0-9a-f]{12})/)?(.*)", re.DOTALL)
_FOREVER = "public, max-age=31536000, immutable"
_ASK_EACH_TIME = "no-cache"


@dataclass(frozen=True)
class Asset:
    """One file as it goes out. `packed` is the gzip form, None where that would not help."""

    body: bytes
    packed: bytes | None
    content_type: str
    etag: str

    def headers(self, cache: str) -> dict[str, str]:
        """What goes out with it. The widget is loaded by other sites, too, and nothing here is private."""
        return {
            "Content-Type": self.content_type,
            "Cache-Control": cache,
            "ETag": self.etag,
            "X-Content-Type-Options": "nosniff",
            "Access-Control-Allow-Origin": "*",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Vary": "Accept-Encoding",
        }


class Assets:
    """All static files by their path below `static/`."""

    def __init__(self, folder: Path = STATIC_FOLDER) -> None:
        files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
        self._by_path = {path.relative_to(folder).as_posix(): _read(path) for path in files}
        every = "".join(f"{path} {asset.etag}\n" for path, asset in self._by_path.items())
        self.fingerprint = hashlib.sha256(every.encode()).hexdigest()[:12]

    def items(self) -> Iterable[tuple[str, Asset]]:
        """All files, each with its path below `static/`."""
        return self._by_path.items()

    def url(self, path: str) -> str:
        """The address a page of our own uses; KeyError for a file that does not exist, so a typing error is found."""
        self._by_path[path]
        return f"/static/v-{self.fingerprint}/{path}"

    def urls(self, folder: str) -> list[str]:
        """The addresses of all files below `folder`."""
        return [self.url(path) for path in self._by_path if path.startswith(f"{folder}/")]

    async def serve(self, request: web.Request) -> web.Response:
        """`GET /static/[v-<fingerprint>/]<path>`."""
        version, path = _VERSION.fullmatch(request.match_info["path"]).groups()
        asset = self._by_path.get(path)
        if asset is None:
            raise web.HTTPNotFound(text="There is no such file.")
        # While a new release is rolled out, a page of the one may ask a backend of the other.
        headers = asset.headers(_FOREVER if version == self.fingerprint else _ASK_EACH_TIME)
        if request.headers.get("If-None-Match") == asset.etag:
            return web.Response(status=304, headers=headers)
        if asset.packed is None or "gzip" not in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=asset.body, headers=headers)
        return web.Response(body=asset.packed, headers={**headers, "Content-Encoding": "gzip"})


def _read(path: Path) -> Asset:
    body = path.read_bytes()
    if path.suffix in (".js", ".css"):
        body = _INDENTATION.sub(b"", _COMMENT_LINES.sub(b"", body))
    packed = gzip.compress(body, 9, mtime=0) if path.suffix in _COMPRESSED else None
    guessed = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Asset(body, packed, guessed, f'"{hashlib.sha256(body).hexdigest()[:20]}"')
