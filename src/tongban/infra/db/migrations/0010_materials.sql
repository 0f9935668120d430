create schema materials;
grant usage on schema materials to tongban_app;
