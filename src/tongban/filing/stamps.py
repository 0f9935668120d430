"""The mark a settlement leaves on the filings of its place, as SQL for settlement's one-statement write.

A stamped filing can no longer be cancelled; filing itself never learns what a settlement is. Each fragment stands
as one `with` query and is filled with `str.format`, whose two arguments are placeholders or SQL expressions of the
caller's statement, never values:

* `person_id`: a bigint, such as ``$1``
* `serials`: an integer[], such as ``$7::integer[]``; each serial at most once

Both take the row lock that cancelling takes, so one of the two comes second and sees the other. They return
`filing_serial` of the rows changed: **fewer rows than serials means that a filing was closed or used up meanwhile**,
and the caller must write nothing (compare ``cardinality(serials)`` with ``count(*)`` over the fragment, settle anew).
"""

from typing import Final

STAMP_SQL: Final = """
  update filing.filing set settlements_here = settlements_here + 1
  where person_id = {person_id} and filing_serial = any({serials}) and status <> 'closed'
    and coalesce(settlements_here < stays_max, true)
  returning filing_serial
"""

# A cancelled or reversed settlement takes its mark back, also from a filing that was closed since (some pools allow
# that): the status is not asked; the table's check keeps the count from falling below zero.
UNSTAMP_SQL: Final = """
  update filing.filing set settlements_here = settlements_here - 1
  where person_id = {person_id} and filing_serial = any({serials})
  returning filing_serial
"""

# To look before writing (a preview): which of the serials could be stamped now. Takes no lock, promises nothing.
CAN_STAMP_SQL: Final = """
  select filing_serial from filing.v_filing
  where person_id = {person_id} and filing_serial = any({serials}) and status <> 'closed' and not is_used_up
"""

# All of a person's filings, locked in the order of their serials: for whoever will stamp after taking other locks.
HOLD_SQL: Final = "select from filing.filing where person_id = {person_id} order by filing_serial for update"
