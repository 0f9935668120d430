create schema settlement;
grant usage on schema settlement to tongban_app;

create sequence settlement.serial;
grant usage on sequence settlement.serial to tongban_app;

-- A visit or a stay. `version` moves with every change of the encounter or of its charge lines: a settlement computed
-- from an older version is not written.
create table settlement.encounter (
  person_id     bigint not null,
  encounter_serial bigint not null default nextval('settlement.serial'),
  institution_code text not null,
  care_kind     text not null check (care_kind in ('inpatient', 'outpatient', 'chronic', 'pharmacy')),
  care_type     text not null default '',       -- med_type as sent
  hospital_serial text not null,                -- the hospital's own number of the visit or stay
  insurance_type text not null check (insurance_type in ('employee', 'resident')),
  insured_pool  text not null,
  treatment_pool text not null,
  admitted_on   date not null,
  discharged_on date,
  is_emergency  boolean not null default false,
  is_referral_mark boolean not null default false,
  is_trauma     boolean not null default false,
  has_third_party boolean,
  is_birth      boolean not null default false, -- a stay for giving birth, or a visit on the way to it
  delivery      text check (delivery in ('natural', 'assisted', 'difficult', 'caesarean')),
  delivery_code text not null default '',       -- matn_type as sent; without `delivery`: one that has no quota
  diagnoses     jsonb not null default '[]',
  is_claim      boolean not null default false, -- paid in full by the person; written down when it is reimbursed
  details       jsonb not null default '{}',
  state         text not null check (state in ('open', 'settled', 'voided')),
  version       integer not null default 1,
  opened_at     timestamptz not null,
  primary key (person_id, encounter_serial),
  check (discharged_on >= admitted_on),
  check ((delivery is null and delivery_code = '') or (is_birth and care_kind = 'inpatient' and delivery_code <> ''))
);
-- A hospital's own number names one visit; sending the admission again finds the first.
create unique index encounter_hospital_serial on settlement.encounter (person_id, institution_code, care_kind, hospital_serial)
  where state <> 'voided';

create table settlement.charge_line (
  person_id     bigint not null,
  encounter_serial bigint not null,
  line_serial   text not null,                  -- feedetl_sn, the hospital's
  batch         text not null default '',       -- chrg_bchno; empty for stays
  item_code     text not null,
  hospital_item_code text not null default '',
  item_name     text not null default '',
  happened_on   date not null,
  quantity_e4   bigint not null,                -- ten-thousandths; negative on a return
  unit_price_e6 bigint not null,                -- millionths of a yuan
  total_fen     bigint not null,
  catalog_class text not null check (catalog_class in ('a', 'b', 'c')),
  preselfpay_bp integer not null,
  price_cap_e6  bigint,
  self_funded_fen bigint not null,
  over_price_cap_fen bigint not null,
  preselfpay_fen bigint not null,
  in_scope_fen  bigint not null,
  charge_kind   text not null,
  is_restricted boolean not null default false,
  approval      text not null default '0',
  returns_line  text,
  note          text not null default '',
  primary key (person_id, encounter_serial, line_serial),
  foreign key (person_id, encounter_serial) references settlement.encounter,
  check (total_fen = self_funded_fen + over_price_cap_fen + preselfpay_fen + in_scope_fen)
);

-- The year's running totals, one row per person, year and insurance; `version` guards every write.
create table settlement.benefit_year (
  person_id     bigint not null,
  benefit_year  smallint not null,
  insurance_type text not null check (insurance_type in ('employee', 'resident')),
  version       integer not null default 1,
  inpatient_stays integer not null default 0 check (inpatient_stays >= 0),
  inpatient_pooled_fen bigint not null default 0 check (inpatient_pooled_fen >= 0),
  outpatient_visits integer not null default 0 check (outpatient_visits >= 0),
  outpatient_pooled_fen bigint not null default 0 check (outpatient_pooled_fen >= 0),
  outpatient_deductible_fen bigint not null default 0 check (outpatient_deductible_fen >= 0),
  in_scope_borne_fen bigint not null default 0 check (in_scope_borne_fen >= 0),   -- what critical-illness insurance counts
  critical_illness_fen bigint not null default 0 check (critical_illness_fen >= 0),
  primary key (person_id, benefit_year, insurance_type)
);

-- The same for one chronic disease, which has a deductible and a ceiling of its own. No version: every write that
-- touches it holds the row of `benefit_year` above, and is guarded by that one's.
create table settlement.chronic_year (
  person_id     bigint not null,
  benefit_year  smallint not null,
  insurance_type text not null check (insurance_type in ('employee', 'resident')),
  disease       text not null,                  -- the law's word
  pooled_fen    bigint not null default 0 check (pooled_fen >= 0),
  deductible_fen bigint not null default 0 check (deductible_fen >= 0),
  primary key (person_id, benefit_year, insurance_type, disease),
  foreign key (person_id, benefit_year, insurance_type) references settlement.benefit_year
);

-- The days of a stay. The day of discharge is not one of them: somebody may be admitted again on it.
create function settlement.stay_of(admitted_on date, discharged_on date) returns daterange
  language sql immutable as $$ select daterange(admitted_on, greatest(discharged_on, admitted_on + 1)) $$;

create function settlement.sum_of(amounts bigint[]) returns bigint language sql immutable
  as $$ select coalesce(sum(amount), 0)::bigint from unnest(amounts) as amount $$;

create table settlement.settlement (
  person_id     bigint not null,
  settlement_serial bigint not null default nextval('settlement.serial'),
  encounter_serial bigint not null,
  batch         text not null default '',
  institution_code text not null,
  care_kind     text not null,
  insurance_type text not null,
  category      text not null,
  insured_pool  text not null,
  treatment_pool text not null,
  filing_serial integer,                        -- the filing it rests on, if any
  stamped_filings integer[] not null default '{}',  -- every filing of that place it makes uncancellable
  benefit_year  smallint not null,
  settled_on    date not null,
  settled_at    timestamptz not null,
  total_fen     bigint not null check (total_fen >= 0),
  self_funded_fen bigint not null check (self_funded_fen >= 0),
  over_price_cap_fen bigint not null check (over_price_cap_fen >= 0),
  preselfpay_fen bigint not null check (preselfpay_fen >= 0),
  in_scope_fen  bigint not null check (in_scope_fen >= 0),
  deductible_fen bigint not null check (deductible_fen >= 0),
  pooled_fund_fen bigint not null check (pooled_fund_fen >= 0),
  critical_illness_fen bigint not null check (critical_illness_fen >= 0),
  medical_assistance_fen bigint not null check (medical_assistance_fen >= 0),
  account_fen   bigint not null check (account_fen >= 0),
  mutual_aid_fen bigint not null default 0 check (mutual_aid_fen >= 0),  -- what relatives' accounts paid: whose, by
  aid_givers    bigint[] not null default '{}',   -- which authorisation, how much; parallel
  aid_grants    bigint[] not null default '{}',
  aid_paid      bigint[] not null default '{}',
  cash_fen      bigint not null check (cash_fen >= 0),
  rate_bp       integer not null check (rate_bp between 0 and 10000),
  balance_after_fen bigint check (balance_after_fen >= 0),  -- the personal account's; null: the person has none
  year_delta    jsonb not null,                 -- what it added to benefit_year, so that a cancellation takes off the same
  confidence    text not null check (confidence in ('official', 'secondary', 'illustrative')),
  policy_version text not null,
  assessment    jsonb not null,                 -- law.Record: case, breakdown, the values used and where they stand
  message_id    text not null,
  transaction_code text not null,
  way           text not null default 'direct' check (way in ('direct', 'manual')),
  stay          daterange,                      -- null: no stay
  state         text not null check (state in ('settled', 'cancelled')),
  cancelled_at  timestamptz,
  cancellation_serial bigint,                   -- the number of the cancelling settlement, for the hospital's answer
  balance_after_cancel_fen bigint check (balance_after_cancel_fen >= 0),
  primary key (person_id, settlement_serial),
  foreign key (person_id, encounter_serial) references settlement.encounter,
  check (total_fen = self_funded_fen + over_price_cap_fen + preselfpay_fen + in_scope_fen),
  check (total_fen = pooled_fund_fen + critical_illness_fen + medical_assistance_fen + account_fen + mutual_aid_fen
    + cash_fen),
  check (cardinality(aid_givers) = cardinality(aid_paid) and cardinality(aid_grants) = cardinality(aid_paid)
    and 0 < all (aid_paid) and mutual_aid_fen = settlement.sum_of(aid_paid)),
  check ((state = 'cancelled') = (cancelled_at is not null and cancellation_serial is not null)),
  check (way = 'direct' or stay is not null),
  -- A stay is paid once: at the hospital, or by the agency to whoever paid it in full; whichever comes first.
  constraint settlement_stay_one_way exclude using gist (
    person_id with =, institution_code with =, stay with &&, way with <>
  ) where (state = 'settled' and stay is not null),
  constraint settlement_stay_reimbursed_once exclude using gist (
    person_id with =, institution_code with =, stay with &&
  ) where (state = 'settled' and way = 'manual')
);
-- One encounter (one batch of it) is paid once.
create unique index settlement_paid_once on settlement.settlement (person_id, encounter_serial, batch) where state = 'settled';
create index settlement_recent on settlement.settlement (person_id, settled_at desc);
-- What happened lately, over all persons, for those who tell people of it: a summary of pages, which a write hardly feels.
create index settlement_by_time on settlement.settlement using brin (settled_at, cancelled_at);

-- What a cancellation would have changed in the settlements after it, had the cancelled one never been: written with the
-- cancellation, never changed. The settlements themselves keep their amounts. A settlement's newest row, by the
-- cancellation's number, is the one that holds.
create table settlement.rederivation (
  person_id     bigint not null,
  cancelled_serial bigint not null,
  settlement_serial bigint not null,
  deductible_fen bigint check (deductible_fen >= 0),
  pooled_fund_fen bigint check (pooled_fund_fen >= 0),
  critical_illness_fen bigint check (critical_illness_fen >= 0),
  medical_assistance_fen bigint check (medical_assistance_fen >= 0),
  person_share_fen bigint check (person_share_fen >= 0),
  undetermined  text not null default '',       -- why the law gives no amounts; then all five are null
  primary key (person_id, cancelled_serial, settlement_serial),
  foreign key (person_id, cancelled_serial) references settlement.settlement,
  foreign key (person_id, settlement_serial) references settlement.settlement,
  check (num_nulls(deductible_fen, pooled_fund_fen, critical_illness_fen, medical_assistance_fen, person_share_fen)
    = case undetermined when '' then 0 else 5 end)
);

-- The law itself, as text, in every version something was settled under: what a settlement is recomputed from, years
-- later. `version` is the text's own hash, so no text can stand under another's name. Settlements name a version without
-- a foreign key: with one, every settlement of the nation would lock the same row.
create table settlement.policy_version (
  version       text primary key,
  text          text not null,
  first_used_at timestamptz not null,
  check (version = left(encode(sha256(convert_to(text, 'UTF8')), 'hex'), 16))
);

-- Every write a hospital asked for, by the message that asked. A reversal of a message that never arrived leaves a
-- row too: should it arrive late, it is refused.
create table settlement.message (
  person_id     bigint not null,
  institution_code text not null,
  transaction_code text not null,
  message_id    text not null,
  kind          text not null check (kind in ('open', 'settle', 'cancel', 'unknown')),
  state         text not null check (state in ('done', 'reversed')),
  request_hash  bytea,                          -- null: it never came
  encounter_serial bigint,
  settlement_serial bigint,
  received_at   timestamptz not null,
  reversed_at   timestamptz,
  primary key (person_id, institution_code, transaction_code, message_id),
  check ((state = 'reversed') = (reversed_at is not null)),
  check ((kind = 'unknown') = (request_hash is null))
);

-- The last word of every write: all of it, or none. A statement whose guards did not all hold has changed some rows
-- already; raising undoes them and tells the caller to read again.
create function settlement.or_conflict(is_written boolean) returns boolean language plpgsql as $$
begin
  if is_written is not true then
    raise exception 'somebody else changed the same rows first' using errcode = 'serialization_failure';
  end if;
  return true;
end $$;

grant select, insert, update on settlement.encounter, settlement.benefit_year, settlement.chronic_year to tongban_app;
-- What was settled is never rewritten, only cancelled; a message is never another one.
grant select, insert on settlement.settlement, settlement.message to tongban_app;
grant update (state, cancelled_at, cancellation_serial, balance_after_cancel_fen) on settlement.settlement to tongban_app;
grant update (state, reversed_at) on settlement.message to tongban_app;
grant select, insert, update, delete on settlement.charge_line to tongban_app;
-- Only ever added to.
grant select, insert on settlement.policy_version, settlement.rederivation to tongban_app;
