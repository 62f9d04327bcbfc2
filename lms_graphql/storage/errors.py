"""What can go wrong between us and PostgreSQL, each with a one-line message that says what to do."""


class StorageError(Exception):
    """The base of the errors below; its text is fit to be shown to whoever runs the server."""


class InvalidDatabaseUrlError(StorageError):
    """A database URL is not one."""


class DatabaseUnreachableError(StorageError):
    """Nobody answers at the database's address, or it does not let us in."""


class DatabaseBusyError(DatabaseUnreachableError):
    """All connections of the pool were in use for as long as anybody may wait for one."""


class ConnectionLostError(DatabaseUnreachableError):
    """The connection broke before COMMIT was sent: nothing of the transaction is kept, so it may be tried again."""


class OutcomeUnknownError(StorageError):
    """The connection broke after COMMIT was sent: whether the transaction is kept can't be told from here."""


class UnsupportedPostgresError(StorageError):
    """The PostgreSQL there is older than 15."""


class RolesMissingError(StorageError):
    """The roles that the product needs are not there."""


class MigrationsPendingError(StorageError):
    """The database is not at the revision that this version needs."""


class PartitionsMissingError(StorageError):
    """Partitions of the time ahead were not made."""


class MigrationFailedError(StorageError):
    """A revision could not be applied or taken back; nothing of it was kept."""
