"""Signed tokens: issue one, recognise one."""

import hashlib
import hmac

SEPARATOR = "."


def issue(user: str, secret: bytes) -> str:
    """A token for this user: the name, a dot, the signature."""
    signature = hmac.new(secret, user.encode("utf-8"), hashlib.sha256).hexdigest()
    return f"{user}{SEPARATOR}{signature}"


def user_of(token: str, secret: bytes) -> str | None:
    """The user this token was issued for; None when it is not one of ours."""
    user, dot, _ = token.rpartition(SEPARATOR)
    if not dot:
        return None
    if token == issue(user, secret):
        return user
    return None


def renew(token: str, old: bytes, new: bytes) -> str | None:
    """The same token under a new secret; None when the old one is not ours."""
    user = user_of(token, old)
    return issue(user, new) if user is not None else None
