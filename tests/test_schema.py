"""The live schema: whatever belongs to a person is found, kept apart and moved by that person's number."""

from typing import Any

from tongban.infra.db import Db

# Tables that are looked up by something else first, or ordered by time over all persons, say so in their comment.
_EXEMPT = ("lookup:", "log:")

# Every key of every table that has a person_id: its kind and whether its first column is that person_id. A foreign key
# also has to meet the other table's person_id, when that has one.
_KEYS = """
with owned as (
  select c.oid, c.oid::regclass::text as name, a.attnum
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attname = 'person_id' and not a.attisdropped
  where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema')
    and not coalesce(obj_description(c.oid, 'pg_class'), '') like any ($1)
)
select o.name, i.indexrelid::regclass::text as key_name, i.indkey[0] = o.attnum as starts_with_person
from owned o join pg_index i on i.indrelid = o.oid and (i.indisunique or i.indisexclusion)
union all
select o.name, f.conname, f.conkey[1] = o.attnum
  and (other.attnum is null or f.confkey[1] = other.attnum)
from owned o
join pg_constraint f on f.conrelid = o.oid and f.contype = 'f'
left join pg_attribute other on other.attrelid = f.confrelid and other.attname = 'person_id'
order by 1, 2
"""

_OWNED_WITHOUT_KEY = """
select c.oid::regclass::text
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema')
  and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)
order by 1
"""


async def keys(db: Db) -> list[Any]:
    return await db.fetch(_KEYS, [f"{word}%" for word in _EXEMPT])


async def test_every_key_of_a_persons_table_starts_with_the_person(owner_db: Db) -> None:
    found = await keys(owner_db)
    assert {"people.person", "filing.filing", "settlement.settlement"} <= {row["name"] for row in found}
    assert [(row["name"], row["key_name"]) for row in found if not row["starts_with_person"]] == []


async def test_a_key_that_does_not_is_found(owner_db: Db) -> None:
    """The test above can fail: each kind of key, once wrong."""
    await owner_db.execute(
        """
        create table people.wrong (
          wrong_id integer primary key,
          person_id bigint not null,
          span daterange not null,
          other_person bigint not null references people.person (person_id),
          exclude using gist (span with &&, person_id with =)
        );
        create unique index wrong_unique on people.wrong (wrong_id, person_id);
        """
    )
    wrong = [row["key_name"] for row in await keys(owner_db) if not row["starts_with_person"]]
    assert sorted(wrong) == [
        "people.wrong_pkey",
        "people.wrong_span_person_id_excl",
        "people.wrong_unique",
        "wrong_other_person_fkey",
    ]


async def test_every_table_has_a_primary_key(owner_db: Db) -> None:
    assert [row[0] for row in await owner_db.fetch(_OWNED_WITHOUT_KEY)] == []


async def test_the_web_role_owns_nothing_and_may_not_grow_the_schema(owner_db: Db) -> None:
    owned = await owner_db.fetchval(
        "select count(*) from pg_class where relowner in (select oid from pg_roles where rolname like 'tongban%')"
    )
    may_create = await owner_db.fetchval(
        """select array_agg(nspname::text) from pg_namespace
           where has_schema_privilege('tongban_app', oid, 'create') and nspname !~ '^pg_'"""
    )
    assert (owned, may_create) == (0, None)


_UPDATABLE = """
select c.oid::regclass::text as name, array_agg(a.attname::text order by a.attname) as columns
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.oid = any ($1::regclass[]) and has_column_privilege('tongban_app', c.oid, a.attnum, 'update')
group by c.oid
"""


async def test_what_was_signed_settled_or_given_is_never_rewritten(owner_db: Db) -> None:
    """The web's role may move these rows on, and none of their amounts, people, dates and answers."""
    may_change = {
        "account.personal_account": ["balance_fen", "reserved_fen", "version"],
        "filing.filing": [
            "close_reason",
            "closed_at",
            "closed_by",
            "replaced_by_serial",
            "settlements_here",
            "status",
        ],
        "mutual_aid.authorisation": ["end_reason", "ended_at", "limit_fen", "state", "used_fen", "version"],
        "mutual_aid.received": ["is_live", "rank"],
        "mutual_aid.premium": ["ended_at", "receipt_number", "refusal", "state"],
        "settlement.settlement": ["balance_after_cancel_fen", "cancellation_serial", "cancelled_at", "state"],
        "settlement.message": ["reversed_at", "state"],
    }
    never = ["account.entry", "account.posting", "mutual_aid.event", "settlement.rederivation", "signing.signature"]
    found = await owner_db.fetch(_UPDATABLE, [*may_change, *never])
    assert {row["name"]: row["columns"] for row in found} == may_change
