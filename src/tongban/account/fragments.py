"""The ledger's share of somebody else's one-statement write, as `with` queries filled by `str.format`.

The arguments are placeholders or SQL expressions of the caller's statement, never values. `source` names an earlier
`with` query: no row in it, nothing written. All of them run in the caller's statement, so an event and its money are
written together or not at all; that the postings add up to zero is checked by the database at commit.
"""

from typing import Final

# One row: the entry. {person_id} bigint, {what} and {reference} text, {at} timestamptz.
ENTRY_CTE: Final = """
  insert into account.entry (person_id, what, reference, happened_at)
  select {person_id}, {what}, {reference}, {at} from {source}
  returning entry_id
"""

# {entry} names the query above; {accounts} text[] and {amounts} bigint[] are parallel, in posting order.
POSTING_CTE: Final = """
  insert into account.posting (person_id, entry_id, posting_no, ledger_account, amount_fen)
  select {person_id}, {entry}.entry_id, p.posting_no, p.ledger_account, p.amount_fen
  from {entry}, unnest({accounts}, {amounts}) with ordinality as p (ledger_account, amount_fen, posting_no)
"""

# The entry that takes an earlier one back and names it: {corrected} is that entry's kind, {reference} its reference.
CORRECTION_CTE: Final = """
  insert into account.entry (person_id, what, reference, corrects_entry_id, happened_at)
  select e.person_id, {what}, e.reference, e.entry_id, {at}
  from account.entry e, {source}
  where e.person_id = {person_id} and e.what = {corrected} and e.reference = {reference}
  returning entry_id, corrects_entry_id
"""

# The corrected entry's postings with their signs turned. {correction} names the query above.
CORRECTION_POSTING_CTE: Final = """
  insert into account.posting (person_id, entry_id, posting_no, ledger_account, amount_fen)
  select p.person_id, {correction}.entry_id, p.posting_no, p.ledger_account, -p.amount_fen
  from {correction} join account.posting p on p.entry_id = {correction}.corrects_entry_id
  where p.person_id = {person_id}
"""

# One entry in the book of each relative whose account pays: {givers} bigint[]. Nobody's book has two for one reference.
AID_ENTRY_CTE: Final = """
  insert into account.entry (person_id, what, reference, happened_at)
  select g.person_id, {what}, {reference}, {at} from {source}, unnest({givers}) as g (person_id)
  returning person_id, entry_id
"""

# The two postings of each: {others} text[] is the account against the personal one, {amounts} bigint[] what is paid.
AID_POSTING_CTE: Final = """
  insert into account.posting (person_id, entry_id, posting_no, ledger_account, amount_fen)
  select e.person_id, e.entry_id, p.posting_no, p.ledger_account, p.amount_fen
  from {entry} e
  join unnest({givers}, {others}, {amounts}) as g (person_id, other, amount_fen) on g.person_id = e.person_id,
    lateral (values (1, g.other, g.amount_fen), (2, 'personal:' || g.person_id, -g.amount_fen))
      as p (posting_no, ledger_account, amount_fen)
"""

# As CORRECTION_CTE and CORRECTION_POSTING_CTE, in the books of {givers}.
AID_CORRECTION_CTE: Final = """
  insert into account.entry (person_id, what, reference, corrects_entry_id, happened_at)
  select e.person_id, {what}, e.reference, e.entry_id, {at}
  from {source}, unnest({givers}) as g (person_id) join account.entry e on e.person_id = g.person_id
  where e.what = {corrected} and e.reference = {reference}
  returning person_id, entry_id, corrects_entry_id
"""

AID_CORRECTION_POSTING_CTE: Final = """
  insert into account.posting (person_id, entry_id, posting_no, ledger_account, amount_fen)
  select p.person_id, c.entry_id, p.posting_no, p.ledger_account, -p.amount_fen
  from {correction} c join account.posting p on p.person_id = c.person_id and p.entry_id = c.corrects_entry_id
"""

# The accounts of {people} bigint[], locked in the order of the persons' numbers if {condition} holds. Whoever locks
# more than one account does it in that order, everywhere: so two families that give to each other never wait in a ring.
HOLD_CTE: Final = """
  select person_id from account.personal_account
  where person_id = any({people}) and {condition}
  order by person_id for update
"""

# Takes {amounts} off accounts held by the query {held} whose versions are still {versions}, and {released} off what is
# set apart in them. Fewer rows than people: an account changed since it was read. The table's checks keep a balance
# from falling below zero and below what is set apart.
DEBIT_CTE: Final = """
  update account.personal_account a
  set balance_fen = a.balance_fen - d.amount_fen, reserved_fen = a.reserved_fen - d.released_fen,
    version = a.version + 1
  from {held} held
  join unnest({people}, {versions}, {amounts}, {released}) as d (person_id, version, amount_fen, released_fen)
    on d.person_id = held.person_id
  where a.person_id = held.person_id and a.version = d.version
  returning a.person_id, a.balance_fen
"""

# Gives {amounts} back to accounts held by {held}, whatever happened to them since. The query {set_apart} says by
# person_id how much of it (reserved_fen) is again set apart.
CREDIT_CTE: Final = """
  update account.personal_account a
  set balance_fen = a.balance_fen + c.amount_fen, reserved_fen = a.reserved_fen + coalesce(s.reserved_fen, 0),
    version = a.version + 1
  from {held} held
  join unnest({people}, {amounts}) as c (person_id, amount_fen) on c.person_id = held.person_id
  left join {set_apart} s on s.person_id = held.person_id
  where a.person_id = held.person_id
  returning a.person_id, a.balance_fen
"""
