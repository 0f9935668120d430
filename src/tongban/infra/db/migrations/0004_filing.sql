create schema filing;
grant usage on schema filing to tongban_app;

-- The last serial given to a person's filings. Its row is the lock that two submits of one person queue at.
create table filing.person_serial (
  person_id     bigint primary key,
  last_serial   integer not null check (last_serial > 0)
);

create table filing.filing (
  person_id     bigint not null,          -- the insured person
  filing_serial integer not null check (filing_serial > 0),
  kind          text not null check (kind in ('settled_retiree', 'long_term_resident', 'posted_worker',
                                              'self_employed_worker', 'referral', 'unreferred')),
  -- Which care it covers, as a set of small numbers: 1 inpatient, 2 outpatient, 3 chronic disease (filing/model.py).
  -- A multirange, because a set of them can stand in an exclusion constraint.
  scopes        int4multirange not null check (scopes <@ '{[1,4)}' and not isempty(scopes)),
  treatment_pool text not null,
  insured_pool  text not null,
  insurance_type text not null check (insurance_type in ('employee', 'resident')),
  category      text not null,
  valid_from    date not null,
  valid_to      date check (valid_to >= valid_from),   -- null: open-ended; the last day counts
  stays_max     smallint check (stays_max > 0),        -- null: any number of stays
  status        text not null check (status in ('active', 'materials_due', 'closed')),
  channel       text not null,
  way           text not null check (way in ('self', 'window', 'hospital')),
  filed_by      bigint not null,          -- the person who signed: the insured person or a proxy; of a referral the former
  relation      text not null default '' check (relation in ('', 'spouse', 'parent', 'child', 'sibling', 'grandparent',
                  'maternal_grandparent', 'grandchild', 'daughters_child', 'other')),  -- what the insured person is to the proxy
  proxy_phone_enc bytea,
  contact_name  text not null,
  contact_phone_enc bytea not null,
  contact_address_enc bytea not null,
  residence_address_enc bytea,
  answers       jsonb not null,           -- as confirmed, for the archive; the sealed columns hold the contact's
  policy_version text not null,
  decision      jsonb not null,           -- the rows of the decision table that applied, with their sources
  submit_token  uuid not null,
  filed_at      timestamptz not null,
  closed_at     timestamptz,
  closed_by     bigint,
  close_reason  text not null default '',
  -- Left by settlement, under the same lock that cancelling takes: how many settlements rest on this filing.
  settlements_here integer not null default 0 check (settlements_here >= 0),
  -- A change closes one filing and makes another in one transaction; each knows the other.
  replaces_serial integer,
  replaced_by_serial integer,
  primary key (person_id, filing_serial),
  unique (person_id, replaces_serial),
  foreign key (person_id, replaces_serial) references filing.filing,
  foreign key (person_id, replaced_by_serial) references filing.filing,
  check ((relation <> '') = (filed_by <> person_id)),
  check (replaced_by_serial is null or status = 'closed'),
  unique (person_id, submit_token),
  check ((status = 'closed') = (closed_at is not null)),
  -- The same person, place and scope cannot be filed twice for the same day; different places may coexist. A filing for
  -- so many stays ends by being used, not by a day, so the next one may be made while it stands.
  constraint filing_no_overlap exclude using gist (
    person_id with =, treatment_pool with =, scopes with &&,
    daterange(valid_from, valid_to, '[]') with &&
  ) where (status <> 'closed' and stays_max is null)
);
create index filing_by_signer on filing.filing (filed_by, filed_at);

create table filing.event (
  person_id     bigint not null,
  filing_serial integer not null,
  event_no      smallint not null,
  at            timestamptz not null,
  what          text not null,            -- filed, closed …
  actor         text not null,
  channel       text not null,
  note          text not null default '',
  primary key (person_id, filing_serial, event_no),
  foreign key (person_id, filing_serial) references filing.filing
);

-- What the sending hospital says of a referral. Diagnosis and reason are about somebody's health, so they are sealed.
create table filing.referral (
  person_id     bigint not null,
  filing_serial integer not null,
  from_institution text not null,
  to_institution text not null,
  doctor        text not null,
  diagnosis_enc bytea not null,
  reason_enc    bytea not null,
  entered_by    text not null,            -- 'institution:<code>' or 'operator:<name>'
  primary key (person_id, filing_serial),
  foreign key (person_id, filing_serial) references filing.filing,
  check (from_institution <> to_institution)
);

-- What settlement may read in its own SQL.
create view filing.v_filing as
  select person_id, filing_serial, kind, scopes, treatment_pool, insured_pool, insurance_type, valid_from, valid_to, status,
         filed_at, coalesce(settlements_here >= stays_max, false) as is_used_up
  from filing.filing;

grant select on filing.v_filing to tongban_app;
grant select, insert, update on filing.person_serial to tongban_app;
-- What was filed and signed is never rewritten; a filing is stamped, closed and replaced.
grant select, insert on filing.filing to tongban_app;
grant update (status, closed_at, closed_by, close_reason, settlements_here, replaced_by_serial) on filing.filing to tongban_app;
grant select, insert on filing.event, filing.referral to tongban_app;
