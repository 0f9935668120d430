"""What a picture can be refused for, in words for the person who took it."""

from typing import Final

from tongban.kernel.errors import Conflict, NotFound, Refusal

_MEND: Final = "请用手机重新拍一张"

# Reason (see materials.pictures) → sentence. Names in braces are what was seen.
SENTENCES: Final = {
    "nothing_chosen": "还没有选照片。请先选一张，再传",
    "empty": f"这张照片是空的，没有内容。{_MEND}",
    "too_many_bytes": "这张照片有 {mb} MB，太大了，最大 10 MB。请用手机再拍一张，或者截图后再传",
    "too_many_pixels": "这张照片的像素太多（{size}），打不开。请把相机调成普通照片，再拍一张",
    "too_small": "这张照片太小（{size}），字看不清。请用手机靠近再拍一张",
    "too_many_pages": "这个 PDF 有 {pages} 页，一次最多 20 页。请分开传，或者只留要用的几页",
    "truncated": "这张照片没有传完整，后面一截不见了。请再传一次",
    "unreadable": f"这张照片打不开，可能已经坏了。{_MEND}",
    "locked": "这个 PDF 有密码，我们打不开。请去掉密码，或者截图后再传",
    "video": f"这是一段视频，不是照片。{_MEND}",
    "other_picture": "这种图片我们收不了。能收的有：手机拍的照片、截图、PDF",
    "archive": "这是压缩文件或电子表格一类的文件，不是照片。请打开它，截图后再传",
    "program": f"这是网页或程序，不是照片。{_MEND}",
    "no_picture": "这不是照片。能收的有：手机拍的照片、截图、PDF",
    "hides_something": f"这张照片里夹着别的文件，我们不能收。{_MEND}",
}


class PictureRefused(Refusal):
    """What was sent is no picture that can be kept. `reason` is a key of SENTENCES."""

    code = "picture_refused"

    def __init__(self, reason: str, /, **seen: str) -> None:
        super().__init__(SENTENCES[reason].format(**seen), field="file")
        self.reason = reason


class MaterialNotFound(NotFound):
    code = "material_not_found"

    def __init__(self) -> None:
        super().__init__("没有找到这张照片，请回到上一页再看一次")


class NotStored(Refusal):
    """The store is away or full: nothing was put away."""

    code = "material_not_stored"
    status = 503

    def __init__(self) -> None:
        super().__init__("照片现在存不进去，不是您这边的问题。填过的都还在，请过几分钟再传")


class MaterialDamaged(Refusal):
    """The store holds something else than was put there, or nothing."""

    code = "material_damaged"
    status = 503

    def __init__(self) -> None:
        super().__init__("这张照片现在取不出来。请过几分钟再试，还是不行就重拍一张")


class UploadOutOfStep(Conflict):
    """The piece does not follow what has arrived; `bytes_here` says where to go on."""

    code = "upload_out_of_step"

    def __init__(self, bytes_here: int) -> None:
        super().__init__("这一段接不上，请从断开的地方接着传")
        self.bytes_here = bytes_here


class UploadWrong(Refusal):
    """What arrived is not what was announced."""

    code = "upload_wrong"
