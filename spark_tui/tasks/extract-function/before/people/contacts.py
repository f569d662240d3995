"""Contacts by e-mail address. Addresses are compared as a mail server would."""


class Contacts:
    """An address book in memory."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def add(self, email: str, name: str) -> bool:
        """Remember a name; False when the address was known already."""
        email = email.strip()
        if email.lower().startswith("mailto:"):
            email = email[len("mailto:") :]
        local, _, domain = email.rpartition("@")
        email = f"{local}@{domain.lower()}"
        if email in self._names:
            return False
        self._names[email] = name.strip()
        return True

    def find(self, email: str) -> str | None:
        """The name that belongs to this address."""
        email = email.strip()
        if email.lower().startswith("mailto:"):
            email = email[len("mailto:") :]
        local, _, domain = email.rpartition("@")
        email = f"{local}@{domain.lower()}"
        return self._names.get(email)

    def remove(self, email: str) -> None:
        """Forget an address. Raises KeyError when it is not known."""
        email = email.strip()
        if email.lower().startswith("mailto:"):
            email = email[len("mailto:") :]
        local, _, domain = email.rpartition("@")
        email = f"{local}@{domain.lower()}"
        del self._names[email]

    def __len__(self) -> int:
        return len(self._names)
