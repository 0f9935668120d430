-- One thing 就医费用报销一件事: a life event of one person, and what was said about it once. What has become of its parts is
-- nowhere here: it is read from the filings, recognitions, settlements and claims themselves.
create schema journeys;
grant usage on schema journeys to tongban_app;

-- The last serial given to a person's journeys. Its row is the lock that two taps of one person queue at.
create table journeys.person_serial (
  person_id     bigint primary key,
  last_serial   integer not null check (last_serial > 0)
);

create table journeys.journey (
  person_id     bigint not null,          -- whose matter it is: the insured person
  journey_serial integer not null check (journey_serial > 0),
  event         text not null,            -- a key of journeys/texts/events.yaml
  care          text not null check (care in ('inpatient', 'outpatient', 'chronic')),
  situation     text not null check (situation in ('long_term', 'referral', 'emergency', 'own_choice')),
  enrollment_no smallint not null,        -- the insurance it goes by
  treatment_pool text not null,
  starts_on     date not null,
  opened_by     bigint not null,          -- the insured person or a relative who helps
  relation      text not null default '', -- what the insured person is to whoever opened it; empty for oneself
  open_token    uuid not null,            -- of the form: a second tap finds the first one's journey
  opened_at     timestamptz not null,
  closed_at     timestamptz,
  closed_by     bigint,
  primary key (person_id, journey_serial),
  unique (person_id, open_token),
  check ((opened_by = person_id) = (relation = '')),
  check ((closed_at is null) = (closed_by is null))
);
create index journey_by_opener on journeys.journey (opened_by, opened_at);

grant select, insert, update on journeys.journey, journeys.person_serial to tongban_app;
