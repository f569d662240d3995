"""Every fault the program can meet, as one tree; refusals are values and live elsewhere.

    SparkFault                      exit
    ├── UsageFault                  2   settings, arguments
    │   └── UnknownHunk             2
    ├── NetworkFault                3   no answer, a broken answer
    │   ├── ConnectFault            3   never got through
    │   ├── StreamFault             3   got through, then broke off
    │   ├── RateLimited             3   told to wait (retry_after_s)
    │   └── ModelFault              3   the service refused the request
    │       ├── ModelMissing        3   the service does not have this model
    │       └── QuotaUsed           3   what this key may use is used up
    ├── KeyFault                    4
    │   ├── KeyMissing              4
    │   └── KeyRefused              4
    ├── LimitFault                  5   window, time, size
    ├── RefusedFault                6   policy, conflict, incomplete reply
    └── RepositoryFault             7   git or the file system forbids it
        ├── GitFault                7   git is missing or failed
        ├── OperationInProgress     7   merge, rebase, ... must be finished first
        ├── LockHeld                7   another process holds the work tree
        └── DiskFault               7   full, read-only, vanished

Each fault says what happened (`message`) and what to do (`hint`); neither ever holds a key.
"""

from __future__ import annotations


class SparkFault(Exception):
    """The root: something outside the program's power went wrong, and we can say what."""

    exit_code = 70
    code = "fault"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageFault(SparkFault):
    """The command line or a settings file asks for something that does not exist."""

    exit_code = 2
    code = "usage"


class UnknownHunk(UsageFault):
    """No hunk has this id in this session."""

    code = "unknown_hunk"


class NetworkFault(SparkFault):
    """The model service did not answer as it should."""

    exit_code = 3
    code = "network"


class ConnectFault(NetworkFault):
    """No connection could be made: nothing was sent."""

    code = "connect"


class StreamFault(NetworkFault):
    """The connection broke while the answer streamed."""

    code = "stream"


class RateLimited(NetworkFault):
    """The service asks to wait."""

    code = "rate_limited"

    def __init__(self, message: str, *, hint: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class ModelFault(NetworkFault):
    """The service understood the request and refused it."""

    code = "model"


class ModelMissing(ModelFault):
    """The service does not have the model that was asked for."""

    code = "model_missing"


class QuotaUsed(ModelFault):
    """What this key may use, or has paid for, is used up: the next request meets the same."""

    code = "quota_used"


class KeyFault(SparkFault):
    """Something is wrong with the key."""

    exit_code = 4
    code = "key"


class KeyMissing(KeyFault):
    """No key is known for this endpoint."""

    code = "key_missing"


class KeyRefused(KeyFault):
    """The service refused the key; it is never tried again by itself."""

    code = "key_refused"


class LimitFault(SparkFault):
    """A limit was reached: window, time, size."""

    exit_code = 5
    code = "limit"


class RefusedFault(SparkFault):
    """The work was refused or is incomplete: policy, conflict, unplaced hunk."""

    exit_code = 6
    code = "refused"


class RepositoryFault(SparkFault):
    """The repository or the file system forbids it."""

    exit_code = 7
    code = "repository"


class GitFault(RepositoryFault):
    """git is missing, too old, or failed."""

    code = "git"


class OperationInProgress(RepositoryFault):
    """A merge, rebase, cherry-pick or the like must be finished first."""

    code = "operation_in_progress"


class LockHeld(RepositoryFault):
    """Another process holds the lock of this work tree."""

    code = "lock"


class DiskFault(RepositoryFault):
    """The disk is full or read-only, or a path vanished."""

    code = "disk"
