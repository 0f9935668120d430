"""What the law refuses to load or to answer."""

from tongban.kernel.errors import Refusal


class PolicyError(Exception):
    """The policies cannot be loaded, not even in part. `problems` lists every fault found: file, key, date."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("政策文件有 {} 处要改：\n{}".format(len(problems), "\n".join(problems)))
        self.problems = problems


class FilingTermsUnknown(Refusal):
    """No source says on which terms this kind is filed there."""

    code = "filing_terms_unknown"
