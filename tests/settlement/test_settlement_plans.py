"""A settlement reads and writes by key alone, however many others there are, and asks twice."""

import pytest
from plans_kit import Watched, whole_scans
from settlement_kit import BEIJING, BEIJING_HOSPITAL, Hospital, Town, line

from tongban import settlement
from tongban.infra.db import Connection

ROWS = 20_000

# Twenty thousand other people, each with an enrollment, a filing, a year, an account, a recognised
# chronic disease, a settled stay of two lines.
_CROWD = f"""
  insert into people.person (person_id, name, is_male, birth_date, id_number_enc)
    select 400000000000000 + n, 'x', true, '1960-01-01', '\\x00' from generate_series(1, {ROWS}) n;
  insert into people.enrollment (person_id, enrollment_no, insurance_type, category, pool_code, valid_from,
      payment_state)
    select 400000000000000 + n, 1, 'employee', 'active', '140100', '2020-01-01', 'paid'
    from generate_series(1, {ROWS}) n;
  insert into filing.filing (person_id, filing_serial, kind, scopes, treatment_pool, insured_pool, insurance_type,
      category, valid_from, status, channel, way, filed_by, contact_name, contact_phone_enc, contact_address_enc,
      answers, policy_version, decision, submit_token, filed_at)
    select 400000000000000 + n, 1, 'posted_worker', '{{[1,4)}}', '110000', '140100', 'employee', 'active', '2026-01-01',
      'active', 'portal', 'self', 400000000000000 + n, 'x', '\\x00', '\\x00', '{{}}', '', '{{}}', gen_random_uuid(),
      now()
    from generate_series(1, {ROWS}) n;
  insert into account.personal_account (person_id, balance_fen)
    select 400000000000000 + n, 1000 from generate_series(1, {ROWS}) n;
  insert into mutual_aid.authorisation (person_id, receiver_id, relation, giver_pool, receiver_pool, locality,
      is_set_apart, limit_fen, valid_from, channel, submit_token, opened_at)
    select 400000000000000 + n, 400000000000001 + n, 'parent', '140100', '140100', 'same_pool', false, 100,
      '2026-01-01', 'portal', gen_random_uuid(), now() from generate_series(1, {ROWS}) n;
  insert into mutual_aid.received (person_id, giver_id, grant_serial)
    select receiver_id, person_id, grant_serial from mutual_aid.authorisation;
  insert into mutual_aid.event (person_id, grant_serial, what, amount_fen, happened_at)
    select person_id, grant_serial, 'opened', limit_fen, now() from mutual_aid.authorisation;
  insert into settlement.benefit_year (person_id, benefit_year, insurance_type)
    select 400000000000000 + n, 2026, 'employee' from generate_series(1, {ROWS}) n;
  insert into settlement.chronic_year (person_id, benefit_year, insurance_type, disease)
    select 400000000000000 + n, 2026, 'employee', 'diabetes' from generate_series(1, {ROWS}) n;
  insert into chronic.application (person_id, application_serial, purpose, insured_pool, insurance_type, category,
      state, channel, applied_by, contact_name, contact_phone_enc, answers, policy_version, submit_token, applied_at,
      accepted_by, accepted_at, decided_by, decided_at)
    select 400000000000000 + n, 1, 'recognise', '140100', 'employee', 'active', 'recognised', 'portal', 1, 'x', '\\x00',
      '{{}}', '', gen_random_uuid(), now(), 'x', now(), 'x', now() from generate_series(1, {ROWS}) n;
  insert into chronic.certification (person_id, certification_serial, application_serial, insured_pool,
      insurance_type, disease, disease_code, valid_from, valid_to_basis, decided_by, decided_at)
    select person_id, 2, 1, '140100', 'employee', 'diabetes', 'M01600', '2026-01-01', 'unknown', 'x', now()
    from chronic.application;
  insert into chronic.designation (person_id, certification_serial, institution_code, valid_from)
    select person_id, 2, 'H14010000001', '2026-01-01' from chronic.certification;
  insert into settlement.encounter (person_id, institution_code, care_kind, hospital_serial, insurance_type,
      insured_pool, treatment_pool, admitted_on, state, opened_at)
    select 400000000000000 + n, 'H11000000001', 'inpatient', 'x' || n, 'employee', '140100', '110000', '2026-01-01',
      'settled', now() from generate_series(1, {ROWS}) n;
  insert into settlement.charge_line (person_id, encounter_serial, line_serial, item_code, happened_on, quantity_e4,
      unit_price_e6, total_fen, catalog_class, preselfpay_bp, self_funded_fen, over_price_cap_fen, preselfpay_fen,
      in_scope_fen, charge_kind)
    select person_id, encounter_serial, 'l' || k, 'XA01', '2026-01-01', 10000, 10000, 1, 'a', 0, 0, 0, 0, 1, '14'
    from settlement.encounter, generate_series(1, 2) k;
  insert into settlement.settlement (person_id, encounter_serial, institution_code, care_kind, insurance_type, category,
      insured_pool, treatment_pool, benefit_year, settled_on, settled_at, total_fen, self_funded_fen,
      over_price_cap_fen, preselfpay_fen, in_scope_fen, deductible_fen, pooled_fund_fen, critical_illness_fen,
      medical_assistance_fen, account_fen, cash_fen, rate_bp, year_delta, confidence, policy_version, assessment,
      message_id, transaction_code, state)
    select person_id, encounter_serial, institution_code, care_kind, insurance_type, 'active', insured_pool,
      treatment_pool, 2026, '2026-01-02', now(), 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 2, 0, '{{}}', 'official', '', '{{}}',
      hospital_serial, '2304', 'settled' from settlement.encounter;
  insert into settlement.rederivation (person_id, cancelled_serial, settlement_serial, undetermined)
    select person_id, settlement_serial, settlement_serial, 'x' from settlement.settlement;
  insert into settlement.message (person_id, institution_code, transaction_code, message_id, kind, state, request_hash,
      received_at)
    select person_id, institution_code, '2304', message_id, 'settle', 'done', '\\x00', now() from settlement.settlement;
  insert into account.entry (person_id, what, reference, happened_at)
    select person_id, 'settlement', 's' || settlement_serial, now() from settlement.settlement;
  insert into account.posting (person_id, entry_id, posting_no, ledger_account, amount_fen)
    select person_id, entry_id, k, 'a' || k, case k when 1 then 1 else -1 end
    from account.entry, generate_series(1, 2) k;
"""


@pytest.fixture
async def crowd(owner_db: Connection, town: Town) -> None:
    await owner_db.execute(_CROWD)
    await owner_db.execute("analyze")


@pytest.mark.usefixtures("crowd")
async def test_everything_goes_by_key(hospital: Hospital, town: Town, db: Connection) -> None:
    beijing = hospital.at(BEIJING_HOSPITAL)
    person = await town.person()
    await town.filing(person, "long_term_resident", BEIJING)
    # Reference tables: of these the planner may read all rather than look one up.
    small = {"institution", "catalog_item", "pooling_region", "policy_version"}
    watched = Watched(db)

    request = await beijing.stay(person, 2_000_000)
    opened = await watched.take()
    settled = await beijing.settle(request)
    settling = await watched.take()
    await settlement.find(db, person.person_id, settlement_serial=settled.settlement_serial)
    await settlement.find(db, person.person_id, encounter_serial=settled.encounter_serial)
    await settlement.settlements_of(db, person.person_id)
    finding = await watched.take()
    later = await beijing.settle(await beijing.stay(person, 2_000_000))
    await watched.take()
    await beijing.cancel(settled)
    cancelling = await watched.take()
    assert await settlement.change_of(db, person.person_id, later.settlement_serial or 0)
    looking_back = await watched.take()
    await beijing.reverse(request)
    reversing = await watched.take()

    for statements in (opened, settling, finding, cancelling, looking_back, reversing):
        assert statements
        assert await whole_scans(db, statements) - small == set()


async def test_a_settlement_asks_twice_and_a_preview_once(hospital: Hospital, town: Town, db: Connection) -> None:
    person = await town.person()
    encounter = await hospital.admit(person)
    await hospital.upload(encounter, line(100_000))
    request = hospital.bill(encounter, 100_000)
    watched = Watched(db)

    await hospital.preview(request)
    assert len(await watched.take()) == 1
    await hospital.settle(request)
    assert len(await watched.take()) == 2
