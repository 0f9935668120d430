-- Manual reimbursement 手工报销: what a person asks to be paid back for a stay they paid in full, how the agency decided,
-- and how the money left the bank.
create schema reimbursement;
grant usage on schema reimbursement to tongban_app;

create sequence reimbursement.serial;
grant usage on sequence reimbursement.serial to tongban_app;

create table reimbursement.claim (
  person_id     bigint not null,          -- the patient
  claim_serial  bigint not null default nextval('reimbursement.serial'),
  state         text not null check (state in ('reviewing', 'papers_due', 'refused', 'computed', 'nothing_due', 'paid',
    'returned', 'withdrawn')),
  version       integer not null default 1,
  applied_by    bigint not null,          -- who signed: the patient or a proxy
  relation      text not null default '', -- what the patient is to the proxy; empty for oneself
  institution_code text not null,
  treatment_pool text not null,
  insured_pool  text not null,
  insurance_type text not null check (insurance_type in ('employee', 'resident')),
  category      text not null,
  care          text not null check (care in ('inpatient', 'maternity_inpatient')),
  is_injury     boolean not null,
  admitted_on   date not null,
  discharged_on date not null check (discharged_on >= admitted_on),
  total_fen     bigint not null check (total_fen > 0),
  bank_enc      bytea not null,           -- holder, bank, card number, sealed together
  card_tail     text not null check (card_tail ~ '^[0-9]{4}$'),
  holder        text not null check (holder in ('patient', 'guardian')),
  phone_enc     bytea not null,
  papers        jsonb not null,           -- slot of the photo page -> number of the material
  answers       jsonb not null,           -- what was signed, without what is sealed
  decision      jsonb not null,           -- the law's answers it rests on, with their sources
  policy_version text not null,
  submit_token  uuid not null,
  channel       text not null,
  submitted_at  timestamptz not null,
  due_on        date,                     -- null: no source says by when
  accepted_at   timestamptz,
  asked_slots   text[] not null default '{}',   -- which pictures are asked for
  refuse_code   text not null default '',
  said          text not null default '', -- the agency's sentence to the person: what is asked for, or why not
  attempts      smallint not null default 0 check (attempts >= 0),
  settlement_serial bigint,
  payout_fen    bigint check (payout_fen >= 0),
  computed_by   text not null default '',
  primary key (person_id, claim_serial),
  unique (person_id, submit_token),
  check ((person_id = applied_by) = (relation = '')),
  check ((state in ('computed', 'nothing_due', 'paid', 'returned'))
    = (settlement_serial is not null and payout_fen is not null)),
  check ((state = 'nothing_due') = (payout_fen is not distinct from 0)),
  check ((state = 'refused') = (refuse_code <> '')),
  check ((state = 'papers_due') = (cardinality(asked_slots) > 0)),
  -- One claim for a stay, as long as it is neither refused nor withdrawn.
  constraint claim_stay_once exclude using gist (
    person_id with =, institution_code with =,
    daterange(admitted_on, greatest(discharged_on, admitted_on + 1)) with &&
  ) where (state not in ('refused', 'withdrawn'))
);
create index claim_by_applicant on reimbursement.claim (applied_by, submitted_at);
create index claim_queue on reimbursement.claim (insured_pool, state, submitted_at);

create table reimbursement.invoice (
  person_id     bigint not null,
  claim_serial  bigint not null,
  invoice_no    smallint not null check (invoice_no > 0),
  number        text not null check (number <> ''),
  issued_on     date not null,
  amount_fen    bigint not null check (amount_fen > 0),
  primary key (person_id, claim_serial, invoice_no),
  unique (person_id, claim_serial, number),
  foreign key (person_id, claim_serial) references reimbursement.claim
);

-- What is computed on is what was invoiced, to the fen, whoever writes the rows.
create function reimbursement.require_invoiced() returns trigger language plpgsql as $$
begin
  if (select total_fen from reimbursement.claim where person_id = new.person_id and claim_serial = new.claim_serial)
    is distinct from
    (select sum(amount_fen) from reimbursement.invoice where person_id = new.person_id and claim_serial = new.claim_serial)
  then
    raise exception 'the invoices of claim % do not add up to its total', new.claim_serial
      using errcode = 'check_violation';
  end if;
  return null;
end $$;
create constraint trigger claim_invoiced after insert on reimbursement.claim
  deferrable initially deferred for each row execute function reimbursement.require_invoiced();
create constraint trigger invoice_claimed after insert on reimbursement.invoice
  deferrable initially deferred for each row execute function reimbursement.require_invoiced();

-- An invoice is claimed once in the whole province. A refused or withdrawn claim gives its invoices free.
create table reimbursement.invoice_index (
  number_hash   bytea primary key,
  person_id     bigint not null,
  claim_serial  bigint not null
);
comment on table reimbursement.invoice_index is 'lookup: by the keyed hash of hospital, year and number of an invoice';
create index invoice_index_claim on reimbursement.invoice_index (person_id, claim_serial);

create table reimbursement.event (
  person_id     bigint not null,
  claim_serial  bigint not null,
  event_no      smallint not null,
  at            timestamptz not null,
  what          text not null,            -- submitted, accepted, asked, answered …
  actor         text not null,            -- person:<id>, operator:<name>, bank
  channel       text not null,
  note          text not null default '',
  primary key (person_id, claim_serial, event_no),
  foreign key (person_id, claim_serial) references reimbursement.claim
);

-- An order to the bank. Written before the bank is told, under the key the bank knows it by: whatever is lost on the
-- way, it can be asked for under that key, and a second order for the same money cannot be written.
create table reimbursement.payment (
  person_id     bigint not null,
  claim_serial  bigint not null,
  payment_no    smallint not null check (payment_no > 0),
  order_key     text not null,            -- <claim number>-<payment_no>
  amount_fen    bigint not null check (amount_fen > 0),
  state         text not null check (state in ('ordered', 'paid', 'returned')),
  ordered_at    timestamptz not null,
  ordered_by    text not null,
  bank_reference text not null default '',
  ended_at      timestamptz,
  reason        text not null default '', -- why the bank gave it back
  primary key (person_id, claim_serial, payment_no),
  unique (person_id, order_key),
  foreign key (person_id, claim_serial) references reimbursement.claim,
  check ((state = 'ordered') = (ended_at is null))
);
create unique index payment_once on reimbursement.payment (person_id, claim_serial) where state in ('ordered', 'paid');

-- What was signed is never changed, nor what the bank was told.
grant select, insert on reimbursement.claim, reimbursement.payment to tongban_app;
grant update (state, version, bank_enc, card_tail, holder, papers, accepted_at, asked_slots, refuse_code, said, attempts,
  settlement_serial, payout_fen, computed_by) on reimbursement.claim to tongban_app;
grant update (state, bank_reference, ended_at, reason) on reimbursement.payment to tongban_app;
grant select, insert on reimbursement.invoice, reimbursement.event to tongban_app;
grant select, insert, delete on reimbursement.invoice_index to tongban_app;
