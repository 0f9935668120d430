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

# Takes {amount} off the personal account if its version is still {version} and {condition} holds; returns the balance
# left. No row: the account changed since it was read. The table's check keeps a balance from falling below zero.
DEBIT_CTE: Final = """
  update account.personal_account set balance_fen = balance_fen - {amount}, version = version + 1
  where person_id = {person_id} and version = {version} and {condition}
  returning balance_fen
"""

# Gives {amount} back, whatever happened to the account since.
CREDIT_CTE: Final = """
  update account.personal_account set balance_fen = balance_fen + {amount}, version = version + 1
  where person_id = {person_id} and {condition}
  returning balance_fen
"""

# For a transaction that wants to be alone with the account before it reads: stands by itself, $1 is the person.
LOCK_SQL: Final = "select from account.personal_account where person_id = $1 for update"
