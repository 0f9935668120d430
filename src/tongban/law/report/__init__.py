"""What an official reads of the law as a whole: what is missing, what is proved, where the sources disagree."""

from tongban.law.report.conflicts import ConflictLine, ReadingLine, conflict_notice, conflicts
from tongban.law.report.gaps import Gap, gaps
from tongban.law.report.holes import Hole, HoleLine, hole_lines, holes

__all__ = [
    "ConflictLine",
    "Gap",
    "Hole",
    "HoleLine",
    "ReadingLine",
    "conflict_notice",
    "conflicts",
    "gaps",
    "hole_lines",
    "holes",
]
