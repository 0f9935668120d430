create schema notices;
grant usage on schema notices to tongban_app;

-- What a person was told: the inbox. Bodies are plain sentences without diagnoses.
create table notices.notice (
  person_id     bigint not null,
  notice_no     bigint generated always as identity,
  kind          text not null check (kind <> ''),
  subject       text not null default '',        -- the number of the row it is about
  title         text not null check (title <> ''),
  body          text not null,
  link          text not null check (link = '' or link like '/%' and link not like '//%'),
  once          text,                            -- null: may be said again
  created_at    timestamptz not null,
  read_at       timestamptz,
  primary key (person_id, notice_no),
  constraint notice_once unique (person_id, once)
);
create index notice_unread on notices.notice (person_id) where read_at is null;

-- Where a person's WeChat messages go: the name WeChat has for the person at our service account. Who wants none any
-- more leaves a row without a name, so that the next sign-in does not bring it back.
create table notices.wechat (
  person_id     bigint primary key,
  openid_enc    bytea,
  bound_at      timestamptz not null,
  stopped_at    timestamptz,
  check ((openid_enc is null) = (stopped_at is not null))
);

-- One row per notice and channel. `ref` is what the provider is told, the same at every attempt.
create table notices.delivery (
  person_id     bigint not null,
  notice_no     bigint not null,
  channel       text not null check (channel in ('sms', 'wechat')),
  state         text not null default 'queued' check (state in ('queued', 'sent', 'failed')),
  ref           uuid not null default gen_random_uuid(),
  attempts      smallint not null default 0 check (attempts >= 0),
  not_before    timestamptz,                     -- until then a worker is sending it, or it waits for the next try
  provider_id   text not null default '',        -- what the provider calls it
  last_failure  text not null default '',
  ended_at      timestamptz,
  primary key (person_id, notice_no, channel),
  foreign key (person_id, notice_no) references notices.notice,
  check ((state = 'queued') = (ended_at is null)),
  check ((state = 'sent') = (provider_id <> ''))
);

create index delivery_queued on notices.delivery (not_before) where state = 'queued';

-- Up to which moment what others write was looked through for messages.
create table notices.looked_through (
  source        text primary key,
  until         timestamptz not null
);

grant select, insert, update on notices.notice, notices.wechat, notices.delivery, notices.looked_through to tongban_app;
grant delete on notices.wechat to tongban_app;
