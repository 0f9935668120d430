create schema journeys;
grant usage on schema journeys to tongban_app;
