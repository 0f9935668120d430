-- Money: the double-entry ledger and the personal accounts whose balances it explains.
create schema account;
grant usage on schema account to tongban_app;

create table account.personal_account (
  person_id     bigint primary key,
  balance_fen   bigint not null check (balance_fen >= 0),
  -- Of the balance: set apart for relatives, whom the holder cannot outspend. Nothing is set apart that is not there.
  reserved_fen  bigint not null default 0 check (reserved_fen between 0 and balance_fen),
  version       integer not null default 1
);

-- One entry = one event that moves money; its postings sum to zero. Append-only: a correction is a new entry that
-- names the one it corrects.
create table account.entry (
  person_id     bigint not null,
  entry_id      bigint generated always as identity,
  what          text not null check (what in ('opening', 'settlement', 'cancellation', 'premium', 'contribution', 'payout',
                  'payout_return', 'mutual_aid', 'mutual_aid_return', 'premium_return')),
  reference     text not null,            -- the number of the settlement, the payout, the premium
  corrects_entry_id bigint,
  happened_at   timestamptz not null,
  primary key (person_id, entry_id),
  foreign key (person_id, corrects_entry_id) references account.entry (person_id, entry_id),
  unique (person_id, what, reference),
  unique (person_id, corrects_entry_id)   -- one correction at most
);

create table account.posting (
  person_id     bigint not null,
  entry_id      bigint not null,
  posting_no    smallint not null,
  ledger_account text not null,           -- 'institution:<code>', 'pool:<pool>:<fund>' … (account/model.py)
  amount_fen    bigint not null check (amount_fen <> 0),  -- plus: receives, minus: pays
  primary key (person_id, entry_id, posting_no),
  foreign key (person_id, entry_id) references account.entry (person_id, entry_id)
);
create index posting_account on account.posting (ledger_account, person_id, entry_id);

-- Checked at commit, so that whatever wrote the postings, an entry that does not balance cannot exist.
create function account.entry_balances() returns trigger language plpgsql as $$
begin
  if (select coalesce(sum(amount_fen), 0) from account.posting
      where person_id = new.person_id and entry_id = new.entry_id) <> 0 then
    raise exception 'entry % of person % does not balance', new.entry_id, new.person_id using errcode = '23514';
  end if;
  return null;
end $$;
create constraint trigger posting_balances after insert on account.posting
  deferrable initially deferred for each row execute function account.entry_balances();

create view account.v_balance as select person_id, balance_fen, reserved_fen, version from account.personal_account;

grant select on account.v_balance to tongban_app;
grant select, insert on account.personal_account to tongban_app;
grant update (balance_fen, reserved_fen, version) on account.personal_account to tongban_app;
grant select, insert on account.entry, account.posting to tongban_app;
