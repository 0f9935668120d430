create schema reimbursement;
grant usage on schema reimbursement to tongban_app;
