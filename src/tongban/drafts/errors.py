"""What a draft can be refused for."""

from tongban.kernel.errors import NotFound


class DraftNotFound(NotFound):
    code = "draft_not_found"
