create schema drafts;
grant usage on schema drafts to tongban_app;
