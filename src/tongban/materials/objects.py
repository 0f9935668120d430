"""How a picture lies in the store of files: one sealed object for each page and one for the thumb.

An object's name is a keyed hash over the person and the content, and the seal is bound to that name: the store tells
nobody what belongs together, and an object put under another name does not open.
"""

import hashlib
from collections.abc import Iterator

from tongban.infra.crypto import NotOpened, Vault
from tongban.infra.files import Files
from tongban.materials.cleaning import Picture
from tongban.materials.model import Material

_THUMB = 0


def object_name(vault: Vault, person_id: int, sha256: str, page: int) -> str:
    """64 hex digits. `sha256` is the material's, `page` counts from 1, 0 is the thumb."""
    return vault.index(f"{person_id}:{sha256}:{page}", "material").hex()


def object_names(vault: Vault, material: Material) -> list[str]:
    """All objects of a material, the thumb first."""
    return [object_name(vault, material.person_id, material.sha256, page) for page in range(material.pages + 1)]


def sealed_pages(vault: Vault, person_id: int, picture: Picture) -> Iterator[tuple[str, bytes]]:
    """Name and sealed content of every object of a picture."""
    for page, content in enumerate((picture.thumb, *picture.pages)):
        name = object_name(vault, person_id, picture.sha256, page)
        yield name, vault.seal(content, _context(name))


async def open_page(vault: Vault, files: Files, material: Material, page: int) -> bytes:
    """Raises FileMissing, and NotOpened for what was altered, exchanged, or is not what the row says."""
    name = object_name(vault, material.person_id, material.sha256, page)
    content = vault.open_bytes(await files.get(name), _context(name))
    if page != _THUMB and hashlib.sha256(content).hexdigest() != material.pages_sha256[page - 1]:
        raise NotOpened("a page is not the one that was put away")
    return content


def _context(name: str) -> str:
    return f"material:{name}"
