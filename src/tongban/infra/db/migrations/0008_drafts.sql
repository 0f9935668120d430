-- Answers as typed, kept at every step for thirty days, for every flow. Nothing typed is lost. They hold phones and
-- addresses before anybody has checked them, so the whole of it is sealed.
create schema drafts;
grant usage on schema drafts to tongban_app;

create table drafts.draft (
  person_id     bigint not null,          -- who types (the signed-in person)
  draft_id      uuid not null,
  flow          text not null check (flow <> ''),  -- which errand: filing, chronic …
  for_person_id bigint not null,          -- whose matter it is
  content_enc   bytea not null,           -- what was typed, step by step (drafts/model.py); empty once handed in
  papers        jsonb not null default '{}',       -- slot of a page → number of the material in it
  submit_token  uuid not null,            -- one matter at most comes out of one draft
  outcome       text not null default '', -- number of what it became
  version       integer not null default 1 check (version > 0),
  created_at    timestamptz not null,
  updated_at    timestamptz not null,
  expires_on    date not null,            -- the last day it is kept
  primary key (person_id, draft_id)
);
create index draft_expiry on drafts.draft (expires_on);

-- Pictures that lie in drafts not handed in yet, for those who keep the pictures. A material's number is M, fifteen digits
-- of its owner, its serial, two check digits (kernel/identifiers.py).
create view drafts.v_paper as
  select d.person_id, d.draft_id, d.expires_on, p.key as slot,
         substr(p.value, 2, 15)::bigint as owner_id, substr(p.value, 17, length(p.value) - 18)::integer as material_serial
  from drafts.draft d, jsonb_each_text(d.papers) p
  where d.outcome = '';

grant select on drafts.v_paper to tongban_app;
grant select, insert, update, delete on drafts.draft to tongban_app;
