"""Errors that stop a caller. Outcomes the domain expects (no match, review, refused consent) are values instead.

Messages are French sentences for the person in front of the screen. They never hold a trait, an INS, an address
or a document's text: only ids and what to do next.
"""


class HubError(Exception):
    """Base of every error of the hub. `message` may be shown to the user as it is."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFound(HubError):
    """The thing does not exist, or not for this caller: the two are never told apart."""


class Forbidden(HubError):
    """The caller is known but may not do this."""


class Conflict(HubError):
    """Somebody changed the thing first, or it is no longer in a state that allows this."""


class Invalid(HubError):
    """What was given cannot be used. `field` names the form field or file column concerned."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class TooMany(HubError):
    """A limit was reached. `retry_after` is in seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(HubError):
    """A part the hub leans on does not answer; the same call may work later."""


class SettingsError(HubError):
    """A HUB_* variable is missing or wrong; the sentence says which and why."""
