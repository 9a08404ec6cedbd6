"""What can go wrong with a local chain as a whole; errors of one request live in `rpcerrors`."""


class LocalnetError(Exception):
    """Base of this package's errors."""


class DataDirectoryLocked(LocalnetError):
    """Another local chain holds the data directory."""


class LedgerCorrupt(LocalnetError):
    """The ledger lost something that had been promised to be durable, or is not a ledger."""


class LedgerFailed(LocalnetError):
    """The disk refused a write or a sync; nothing more is accepted until a restart."""


class ProgramNotLoadable(LocalnetError):
    """A program given to deploy at the start is missing or not a valid SBF binary."""


class LocalnetStartError(LocalnetError):
    """The child process ended, or did not answer in time, while it started."""
