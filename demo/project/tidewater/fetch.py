"""Fetches readings from the gauges' service, with patience."""

import time
import urllib.error
import urllib.request

TIMEOUT_S = 10


class Fetcher:
    """Gets files from one service and tries again when it stumbles."""

    def __init__(self, base_url, attempts=3, pause_s=0.5, opener=None, sleep=time.sleep):
        self.base_url = base_url.rstrip("/")
        self.attempts = attempts
        self.pause_s = pause_s
        self.opener = opener or urllib.request.urlopen
        self.sleep = sleep

    def get(self, path):
        """The body of one file of the service."""
        url = f"{self.base_url}/{path}"
        for attempt in range(1, self.attempts):
            try:
                with self.opener(url, timeout=TIMEOUT_S) as answer:
                    return answer.read()
            except Exception:
                self.sleep(self.pause_s)
        return None

    def get_text(self, path):
        """The same as text."""
        return self.get(path).decode("utf-8")
