create schema signing;
grant usage on schema signing to tongban_app;
