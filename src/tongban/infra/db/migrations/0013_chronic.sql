create schema chronic;
grant usage on schema chronic to tongban_app;
