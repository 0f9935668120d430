-- What was signed, of every errand: the text, the strokes, the picture, and the hash that binds them to the answers.
-- Whoever signs and whose matter it is may be two people; rows are only ever added.
create schema signing;
grant usage on schema signing to tongban_app;

create table signing.signature (
  person_id     bigint not null,          -- whose matter it is
  subject       text not null check (subject <> ''),      -- number of the matter signed for
  signature_no  smallint not null check (signature_no > 0),
  signer_id     bigint not null,
  signer_name   text not null,
  method        text not null check (method in ('strokes', 'typed')),
  title         text not null,            -- of the commitment
  text_version  text not null,
  text_signed   text not null,
  strokes       jsonb,
  picture_png   bytea,
  answers_hash  bytea not null check (octet_length(answers_hash) = 32), -- SHA-256 over the text and all answers
  signed_at     timestamptz not null,
  primary key (person_id, subject, signature_no),
  check ((method = 'strokes') = (strokes is not null and picture_png is not null))
);

grant select, insert on signing.signature to tongban_app;
