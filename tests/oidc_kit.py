"""A real OpenID Connect provider in a process of its own, and somebody who signs in at it."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import httpx

FOLDER = Path(__file__).parent / "oidc"
CLIENT_ID, CLIENT_SECRET = "tongban", "a secret: 100 % of the tests + more"

_FORM = re.compile(r'<form[^>]+action="([^"]+)"')
_PROMPT = re.compile(r'name="prompt" value="([^"]+)"')


@dataclass
class Provider:
    """Where it answers. `process` ends it."""

    issuer: str
    process: "subprocess.Popen[str]"

    async def sign_in(self, address: str, login: str, **changed: str) -> str:
        """Open `address` (with parameters `changed`) as a browser would, fill in the provider's own form, agree, and
        return where the browser is sent back to."""
        async with httpx.AsyncClient(timeout=10) as browser:
            response = await browser.get(with_parameters(address, **changed))
            while True:
                while response.is_redirect:
                    onward = urljoin(str(response.url), response.headers["location"])
                    if not onward.startswith(self.issuer):
                        return onward
                    response = await browser.get(onward)
                form, prompt = _FORM.search(response.text), _PROMPT.search(response.text)
                assert form, response.text
                assert prompt, response.text
                fields = {"prompt": prompt[1], "login": login, "password": "any"}
                response = await browser.post(urljoin(str(response.url), form[1]), data=fields)

    async def rotate(self) -> None:
        """Sign with fresh keys from now on."""
        async with httpx.AsyncClient() as http:
            assert (await http.post(f"{self.issuer}/rotate")).status_code == 204


def with_parameters(address: str, **changed: str) -> str:
    """`address` with some parameters of its query replaced."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(query=urlencode(dict(parse_qsl(parts.query)) | changed)))


@contextmanager
def running(redirect_uri: str, accounts: Mapping[str, Mapping[str, str]]) -> Iterator[Provider]:
    """`accounts`: what the provider knows of each login, ``{"name": …, "id_number": …}``."""
    assert (FOLDER / "node_modules").is_dir(), "npm packages are missing: run scripts/bootstrap.sh test"
    told = {
        "CLIENT_ID": CLIENT_ID,
        "CLIENT_SECRET": CLIENT_SECRET,
        "REDIRECT_URI": redirect_uri,
        "ACCOUNTS": json.dumps(accounts),
    }
    with subprocess.Popen(
        ["node", "--no-warnings", "provider.mjs"],
        cwd=FOLDER,
        env=os.environ | told,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            issuer = "-"
            while issuer and not issuer.startswith("http://"):  # its own warnings come first
                issuer = process.stdout.readline().strip()
            assert issuer, "the provider did not start"
            yield Provider(issuer, process)
        finally:
            process.kill()
