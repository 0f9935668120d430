"""Pictures of papers 材料: cleaned, sealed, kept as long as the law says, shown to nobody else."""

from tongban.materials.cleaning import Picture, clean
from tongban.materials.errors import (
    MaterialDamaged,
    MaterialNotFound,
    PictureRefused,
    UploadOutOfStep,
    UploadWrong,
)
from tongban.materials.model import SAMPLES, Material, MaterialKind, kind_of_code
from tongban.materials.rules import KEEP_MONTHS_MIN, LOOSE_DAYS, in_slot, months_to_keep
from tongban.materials.service import (
    THUMB,
    TooManyPictures,
    accept,
    attach,
    close,
    find,
    find_all,
    keep,
    of_subject,
    read,
    read_for_review,
    usable_again,
)
from tongban.materials.uploads import (
    PIECE_BYTES_MAX,
    Announced,
    announced,
    arrived,
    forget,
    remove_expired_uploads,
    take_piece,
    whole,
)

__all__ = [
    "MaterialKind",
    "Material",
    "SAMPLES",
    "kind_of_code",
    "THUMB",
    "KEEP_MONTHS_MIN",
    "LOOSE_DAYS",
    "months_to_keep",
    "in_slot",
    "Picture",
    "accept",
    "clean",
    "keep",
    "read",
    "read_for_review",
    "find",
    "find_all",
    "attach",
    "close",
    "of_subject",
    "usable_again",
    "MaterialNotFound",
    "MaterialDamaged",
    "PictureRefused",
    "TooManyPictures",
    "UploadOutOfStep",
    "UploadWrong",
    "PIECE_BYTES_MAX",
    "Announced",
    "announced",
    "arrived",
    "take_piece",
    "whole",
    "forget",
    "remove_expired_uploads",
]
