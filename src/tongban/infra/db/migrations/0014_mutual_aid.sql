create schema mutual_aid;
grant usage on schema mutual_aid to tongban_app;
