"""Tokens of the stations that send readings: made here, shown once."""

import secrets

TOKEN_BYTES = 24


def new_token():
    """A fresh token, safe to put into a header."""
    return secrets.token_urlsafe(TOKEN_BYTES)


class TokenStore:
    """The token of each station."""

    def __init__(self):
        self._tokens = {}

    def issue(self, station_id):
        """Make a token for a station; an older one ends."""
        token = new_token()
        self._tokens[station_id] = token
        return token

    def revoke(self, station_id):
        """The station may not send any more."""
        self._tokens.pop(station_id, None)
