"""What Telnyx says when it says no."""

from typing import Any

from trunkline_sandbox.carrier import Response

DOCS = "https://developers.telnyx.com/docs/overview/errors/"

AUTHENTICATION_FAILED = "10009"
NOT_FOUND = "10005"
NOT_AUTHORIZED = "10010"
TOO_MANY_REQUESTS = "10011"
DUPLICATE = "10012"
INVALID = "10015"
IN_USE = "10021"
LOCKED = "10035"
FEATURE_NOT_PERMITTED = "10038"
FEATURE_LIMITED = "10039"

TITLES = {
    NOT_FOUND: "Resource not found",
    AUTHENTICATION_FAILED: "Authentication failed",
    NOT_AUTHORIZED: "Not authorized",
    TOO_MANY_REQUESTS: "Too many requests",
    DUPLICATE: "Conflict",
    INVALID: "Invalid parameter",
    IN_USE: "Resource in use",
    LOCKED: "Resource is locked",
    FEATURE_NOT_PERMITTED: "Feature not permitted",
    FEATURE_LIMITED: "Feature limited",
    "20012": "Account inactive",
    "20013": "Account blocked",
    "20014": "Account unverified",
    "20100": "Insufficient funds",
}


class Refusal(Exception):
    """A request is refused, with Telnyx' own code, which is a string."""

    def __init__(self, status: int, code: str, detail: str, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.pointer = pointer

    def payload(self) -> dict[str, Any]:
        """The body of the answer; `source` is left out where nothing in particular is wrong."""
        error: dict[str, Any] = {
            "code": self.code,
            "title": TITLES.get(self.code, "Unexpected error"),
            "detail": self.detail,
            "meta": {"url": DOCS + self.code},
        }
        if self.pointer is not None:
            error["source"] = {"pointer": self.pointer}
        return {"errors": [error]}

    def response(self) -> Response:
        """The whole answer."""
        return Response.of_json(self.status, self.payload())


def not_authenticated() -> Refusal:
    """The answer to a key that is not one."""
    return Refusal(401, AUTHENTICATION_FAILED, "Could not understand the provided credentials.")


def not_authorized(detail: str = "You are not authorized to perform the requested action.") -> Refusal:
    """The answer to a key of a user who may not do this."""
    return Refusal(403, NOT_AUTHORIZED, detail)


def not_found() -> Refusal:
    """Nothing is there, or it is another account's."""
    return Refusal(404, NOT_FOUND, "The requested resource or URL could not be found.")


def invalid(detail: str, pointer: str | None = None, status: int = 422) -> Refusal:
    """A parameter is missing or wrong."""
    return Refusal(status, INVALID, detail, pointer)
