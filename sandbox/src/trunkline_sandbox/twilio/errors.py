"""What Twilio says when it says no."""

from typing import Any

from trunkline_sandbox.carrier import Response

# Codes that its own pages or documents give.
NOT_AUTHENTICATED = 20003
METHOD_NOT_ALLOWED = 20004
INVALID_PARAMETER = 20001
TEST_CREDENTIALS = 20008
TRIAL_REFUSED = 10002
FORBIDDEN = 20403
NOT_FOUND = 20404
TOO_MANY_REQUESTS = 20429
KEY_LACKS_PERMISSION = 70051
DOMAIN_TAKEN = 21248
INVALID_URL = 21402
INVALID_APPLICATION = 21218
NUMBER_NOT_FOR_SALE = 21422
# No source gives the code for a trunk that the account does not have: this one stands in for it.
INVALID_TRUNK = 21245


class Refusal(Exception):
    """A request is refused, with Twilio's own code."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def payload(self) -> dict[str, Any]:
        """The body of the answer."""
        more_info = f"https://www.twilio.com/docs/errors/{self.code}"
        return {"code": self.code, "message": self.message, "more_info": more_info, "status": self.status}

    def response(self) -> Response:
        """The whole answer."""
        headers = (("WWW-Authenticate", 'Basic realm="Twilio API"'),) if self.status == 401 else ()
        return Response.of_json(self.status, self.payload(), headers)


def not_authenticated() -> Refusal:
    """The answer to bad credentials, and to much else."""
    return Refusal(401, NOT_AUTHENTICATED, "Authenticate")


def not_found(path: str) -> Refusal:
    """Nothing is there, or not for this account."""
    return Refusal(404, NOT_FOUND, f"The requested resource {path} was not found")


def invalid(message: str, code: int = INVALID_PARAMETER) -> Refusal:
    """A parameter is missing or wrong."""
    return Refusal(400, code, message)
