create schema gateway;
grant usage on schema gateway to tongban_app;

-- Accounts of hospital systems. The secret is needed in clear to check a signature: it is encrypted like personal numbers.
create table gateway.client (
  client_account text primary key,              -- x-tif-paasid
  institution_code text not null,
  secret_enc    bytea not null,
  is_active     boolean not null default true,
  is_demo       boolean not null default false
);

-- Nonces already used inside the time window: a copied request is refused.
create table gateway.nonce (
  client_account text not null references gateway.client,
  nonce         text not null,
  seen_at       timestamptz not null,
  primary key (client_account, nonce)
);
create index nonce_seen on gateway.nonce (seen_at);

create table gateway.sign_on (
  sign_no       text primary key,
  institution_code text not null,
  operator_no   text not null,
  signed_on_at  timestamptz not null,
  signed_off_at timestamptz check (signed_off_at >= signed_on_at)
);

grant select on gateway.client to tongban_app;
-- A nonce older than the window may come again: its row is taken over instead of waiting for the clean-up.
grant select, insert, update, delete on gateway.nonce to tongban_app;
grant select, insert, update on gateway.sign_on to tongban_app;
