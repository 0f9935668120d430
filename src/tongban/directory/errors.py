"""What the directory refuses."""

from tongban.kernel.errors import NotFound


class UnknownRegion(NotFound):
    code = "region_unknown"
