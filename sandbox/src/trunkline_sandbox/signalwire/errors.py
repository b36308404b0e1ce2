"""What SignalWire says when it says no, in the shape of each of its three families of APIs."""

from typing import Any, Literal

from trunkline_sandbox.carrier import Response

Family = Literal["relay", "fabric", "laml"]

_WORDS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    500: "Internal Server Error",
}
_LAML_CODES = {400: 20001, 401: 20003, 403: 20003, 404: 20404, 405: 20004, 422: 21601, 429: 20429, 500: 20500}
_PAGE = "https://signalwire.com/docs/apis/error-codes"
_LAML_PAGE = "https://signalwire.com/docs/compatibility-api/reference/errors"


class Refusal(Exception):
    """A request is refused; how that is written depends on the API that was asked."""

    def __init__(
        self, status: int, message: str = "", code: str = "", attribute: str | None = None, *, retry: int | None = None
    ) -> None:
        super().__init__(message or _WORDS.get(status, ""))
        self.status = status
        self.message = message or _WORDS.get(status, "")
        self.code = code
        self.attribute = attribute
        self.retry = retry

    def response(self, family: Family) -> Response:
        """The whole answer."""
        headers: list[tuple[str, str]] = []
        if self.status == 401:
            headers.append(("WWW-Authenticate", 'Basic realm="SignalWire"'))
        if self.retry is not None:
            headers.append(("Retry-After", str(self.retry)))
        return Response.of_json(self.status, self._payload(family), tuple(headers))

    def _payload(self, family: Family) -> Any:
        if family == "laml":
            code = int(self.code) if self.code.isdigit() else _LAML_CODES[self.status]
            return {"code": code, "message": self.message, "more_info": _LAML_PAGE, "status": self.status}
        if self.status not in (422, 429):
            return {"error": self.message}
        if family == "relay" and not self.code:
            status = str(self.status)
            return {
                "errors": [{"detail": self.message, "status": status, "title": "Invalid Attribute", "code": status}]
            }
        kind = "rate_limit_error" if self.status == 429 else "validation_error"
        said = {"code": self.code or "invalid_parameter", "message": self.message, "attribute": self.attribute}
        return {"errors": [{"type": kind, **said, "url": _PAGE}]}


def unauthorized() -> Refusal:
    """Bad credentials and, by default, a missing scope too."""
    return Refusal(401)


def not_found() -> Refusal:
    """Nothing is there, or not in this project."""
    return Refusal(404)


def invalid(attribute: str, problem: str, code: str = "") -> Refusal:
    """A field is wrong."""
    return Refusal(422, f"{attribute.replace('_', ' ').capitalize()} {problem}", code, attribute)
