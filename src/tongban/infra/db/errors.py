"""What may go wrong between us and the database before anybody is served. Each is one sentence and ends the program."""

from tongban.kernel.errors import Refusal


class DatabaseTrouble(Refusal):
    code = "database_trouble"
    status = 503


class BinariesMissing(DatabaseTrouble):
    code = "database_binaries_missing"


class FolderTaken(DatabaseTrouble):
    """Another process owns the data folder, and we were asked to own it or could not join it."""

    code = "database_folder_taken"


class DidNotStart(DatabaseTrouble):
    code = "database_did_not_start"


class MigrationRefused(DatabaseTrouble):
    code = "migration_refused"
