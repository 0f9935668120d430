"""What the ledger refuses."""

from tongban.kernel.errors import Conflict


class AccountExists(Conflict):
    code = "account_exists"
