-- Family mutual aid 家庭共济: relatives who may use part of an employee's personal account.
create schema mutual_aid;
grant usage on schema mutual_aid to tongban_app;

create sequence mutual_aid.serial;
grant usage on sequence mutual_aid.serial to tongban_app;

-- One authorisation: part of the giver's account for one relative. It belongs to the giver, whose account row is locked
-- by whoever changes it, so nothing here is ever changed by two at once.
create table mutual_aid.authorisation (
  person_id     bigint not null references account.personal_account,   -- the giver
  grant_serial  bigint not null default nextval('mutual_aid.serial'),
  receiver_id   bigint not null,
  relation      text not null check (relation in ('spouse', 'parent', 'child', 'sibling', 'grandparent',
                  'maternal_grandparent', 'grandchild', 'daughters_child')),   -- what the receiver is to the giver
  giver_pool    text not null,
  receiver_pool text not null,
  locality      text not null check (locality in ('same_pool', 'in_province', 'cross_province')),
  is_set_apart  boolean not null,           -- a quota: what is left of it the giver cannot spend
  limit_fen     bigint not null check (limit_fen > 0),
  used_fen      bigint not null default 0,
  valid_from    date not null,
  state         text not null default 'active' check (state in ('active', 'revoked', 'ended')),
  ended_at      timestamptz,
  end_reason    text not null default '',
  version       integer not null default 1,
  channel       text not null,
  submit_token  uuid not null,
  opened_at     timestamptz not null,
  primary key (person_id, grant_serial),
  unique (person_id, submit_token),
  check (person_id <> receiver_id),
  check (used_fen between 0 and limit_fen),
  check ((state = 'active') = (ended_at is null)),
  check ((state = 'active') = (end_reason = ''))
);
-- One at a time for one relative.
create unique index authorisation_one_active on mutual_aid.authorisation (person_id, receiver_id)
  where state = 'active';
create index authorisation_active on mutual_aid.authorisation (state) where state = 'active';

-- By the receiver: who gives, and in which order the receiver wants them to pay. Ranked ones first, then the oldest.
create table mutual_aid.received (
  person_id     bigint not null,            -- the receiver
  giver_id      bigint not null,
  grant_serial  bigint not null,
  rank          smallint not null default 1000 check (rank between 1 and 1000),
  is_live       boolean not null default true,
  primary key (person_id, giver_id, grant_serial)
);

-- Everything that happened to an authorisation. What it was used for, without what for: no diagnosis, no hospital.
create table mutual_aid.event (
  person_id     bigint not null,            -- the giver
  grant_serial  bigint not null,
  event_no      bigint generated always as identity,
  what          text not null check (what in ('opened', 'limit', 'used', 'returned', 'premium', 'premium_returned',
                  'revoked', 'ended')),
  amount_fen    bigint not null check (amount_fen >= 0),  -- the limit, or what was used or came back
  reference     text not null default '',   -- number of the settlement or the premium
  care_kind     text not null default '',
  happened_at   timestamptz not null,
  primary key (person_id, grant_serial, event_no),
  foreign key (person_id, grant_serial) references mutual_aid.authorisation,
  check ((what in ('used', 'returned', 'premium', 'premium_returned')) = (reference <> ''))
);
-- Used once and given back once for one settlement or premium.
create unique index event_once on mutual_aid.event (person_id, grant_serial, what, reference) where reference <> '';

-- A resident's premium paid from a relative's account. It belongs to the insured person, so that two relatives cannot
-- pay the same year.
create table mutual_aid.premium (
  person_id     bigint not null,            -- whose insurance it is
  insurance_year smallint not null,
  premium_serial bigint not null default nextval('mutual_aid.serial'),
  giver_id      bigint not null,
  grant_serial  bigint not null,
  pool_code     text not null,
  bill_number   text not null check (bill_number <> ''),  -- the tax office's
  amount_fen    bigint not null check (amount_fen > 0),
  state         text not null default 'paying' check (state in ('paying', 'paid', 'returned')),
  channel       text not null,
  paid_at       timestamptz not null,       -- taken from the account
  ended_at      timestamptz,                -- the tax office said yes or no
  receipt_number text not null default '',
  refusal       text not null default '',
  primary key (person_id, insurance_year, premium_serial),
  check ((state = 'paying') = (ended_at is null)),
  check ((state = 'paid') = (receipt_number <> '')),
  check ((state = 'returned') = (refusal <> ''))
);
create unique index premium_once on mutual_aid.premium (person_id, insurance_year) where state <> 'returned';
create index premium_by_giver on mutual_aid.premium (giver_id, paid_at);
create index premium_paying on mutual_aid.premium (paid_at) where state = 'paying';

-- What is set apart in an account is what is left of the quotas in force, no more and no less. Checked at commit,
-- whoever wrote either side.
create function mutual_aid.reserved_is_left() returns trigger language plpgsql as $$
begin
  if (select coalesce(sum(limit_fen - used_fen), 0) from mutual_aid.authorisation
      where person_id = new.person_id and state = 'active' and is_set_apart)
    <> (select reserved_fen from account.personal_account where person_id = new.person_id) then
    raise exception 'what person % has set apart is not what is left of the quotas', new.person_id
      using errcode = '23514';
  end if;
  return null;
end $$;
create constraint trigger authorisation_reserved after insert or update on mutual_aid.authorisation
  deferrable initially deferred for each row when (new.is_set_apart) execute function mutual_aid.reserved_is_left();
create constraint trigger account_reserved after insert on account.personal_account
  deferrable initially deferred for each row when (new.reserved_fen <> 0) execute function mutual_aid.reserved_is_left();
create constraint trigger account_reserved_changed after update on account.personal_account
  deferrable initially deferred for each row when (new.reserved_fen is distinct from old.reserved_fen)
  execute function mutual_aid.reserved_is_left();

create view mutual_aid.v_received as select person_id, giver_id, grant_serial, rank, is_live from mutual_aid.received;
create view mutual_aid.v_authorisation as
  select person_id, grant_serial, receiver_id, relation, giver_pool, receiver_pool, locality, is_set_apart, limit_fen,
    used_fen, valid_from, state, version
  from mutual_aid.authorisation;

grant select on mutual_aid.v_received, mutual_aid.v_authorisation to tongban_app;
-- Who gives whom, and whether it is set apart, is never rewritten.
grant select, insert on mutual_aid.authorisation, mutual_aid.received, mutual_aid.premium to tongban_app;
grant update (limit_fen, used_fen, state, ended_at, end_reason, version) on mutual_aid.authorisation to tongban_app;
grant update (rank, is_live) on mutual_aid.received to tongban_app;
grant update (state, ended_at, receipt_number, refusal) on mutual_aid.premium to tongban_app;
-- Only ever added to.
grant select, insert on mutual_aid.event to tongban_app;
