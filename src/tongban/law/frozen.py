"""What many records share must not be changed through one of them."""

from functools import cached_property
from typing import Any, NoReturn

import msgspec


class ReadOnly(dict[str, Any]):
    """A dict that refuses every change; it is stored, compared and printed like any other. Copies of it are plain."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("this part of a record is shared by many; change a deep copy of it")

    __setitem__ = __delitem__ = __ior__ = _refuse
    update = setdefault = pop = popitem = clear = _refuse

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (dict(self),)


class UsedRecord(ReadOnly):
    """The written form of the values that all bills of a kind use."""

    @cached_property
    def content(self) -> bytes:
        """All it says, to be looked up by."""
        return msgspec.json.encode(self)
