"""Photos of papers on any flow's page: slots to fill, each picture sent on its own POST and kept at once.

For a page builder, in a step of a flow::

    photos = await photo_slots(request, db, draft, [Slot("id_front", MaterialKind.ID_CARD_FRONT, is_needed=True)])
    return page(request, "x/papers.html", photos=photos, problems=[*photos.problems, *missing(draft, slots)])

and in its template, **outside** of the step's own form::

    {% import "_papers.html" as papers %}
    {{ papers.slots(photos) }}

What a slot is (kind, whose paper, where to go back to) travels in its form as a sealed token made for this person, this
draft and this slot, so the routes here need to know no flow and believe nothing a browser says. A picture that was kept
lies in ``draft.papers[slot]``; further pictures of a slot with `many` in ``slot.2``, ``slot.3`` …
(`tongban.materials.in_slot` gives their numbers in order).
"""

from tongban.doors.portal.papers.pieces import arrived, piece
from tongban.doors.portal.papers.sending import again, look, remove, send
from tongban.doors.portal.papers.slots import Photos, PictureView, Slot, SlotView, missing, photo_slots, use_again

route_handlers = [send, remove, again, arrived, piece, look]

__all__ = [
    "Photos",
    "PictureView",
    "Slot",
    "SlotView",
    "missing",
    "photo_slots",
    "route_handlers",
    "use_again",
]
