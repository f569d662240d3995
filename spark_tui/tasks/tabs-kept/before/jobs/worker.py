"""One worker and its jobs."""

from collections import deque
from collections.abc import Callable, Iterable


class JobFailed(Exception):
	"""The job may be tried again."""


class Worker:
	"""Performs jobs one after the other; a failed one goes back to the end of the line."""

	def __init__(self, jobs: Iterable[str], perform: Callable[[str], None]) -> None:
		self.waiting = deque(jobs)
		self.done: list[str] = []
		self.dead: list[str] = []
		self._perform = perform

	def run(self) -> None:
		"""Until nothing waits any more."""
		while self.waiting:
			job = self.waiting.popleft()
			try:
				self._perform(job)
			except JobFailed:
				self.waiting.append(job)
			else:
				self.done.append(job)
