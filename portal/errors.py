"""What can go wrong, said in the words of the domain. The web edge turns these into answers; nothing here knows of HTTP."""


class PortalError(Exception):
    """Base of every error whose message may be shown to the person who caused it."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


class Forbidden(PortalError):
    """The person sees the thing but may not do this to it."""


class NotFound(PortalError):
    """The thing is missing, or this person may not know that it exists: the two are told apart by nobody."""


class Conflict(PortalError):
    """The thing is in the wrong state for this, or somebody else changed it first."""


class TooSoon(PortalError):
    """The same again, sooner than it may be; in `seconds` it may."""

    def __init__(self, message: str = "", *, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds


class Invalid(PortalError):
    """The input cannot be taken as it is.

    `field` names the form field that the message belongs to, where there is one.
    """

    def __init__(self, message: str = "", *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field
