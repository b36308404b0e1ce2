"""What Vonage says when it says no: in its old words on rest.nexmo.com, as problem+json elsewhere."""

from typing import Any

from trunkline_sandbox.carrier import Response, encode_json

PROBLEM_TYPE = "application/problem+json"
_ERRORS = "https://developer.vonage.com/api-errors"


class Refusal(Exception):
    """A request is refused; `payload` is the body as it is sent, `instance` is filled in for a problem."""

    def __init__(
        self, status: int, payload: dict[str, Any], *, headers: tuple[tuple[str, str], ...] = (), problem: bool = False
    ) -> None:
        super().__init__(f"{status} {payload}")
        self.status = status
        self.payload = payload
        self.headers = headers
        self.problem = problem

    def response(self, trace_id: str) -> Response:
        """The whole answer."""
        if not self.problem:
            return Response.of_json(self.status, self.payload, self.headers)
        body = encode_json({**self.payload, "instance": trace_id}).encode()
        return Response(self.status, body, PROBLEM_TYPE, self.headers)


def old(status: int, label: str, *, code: str | None = None, headers: tuple[tuple[str, str], ...] = ()) -> Refusal:
    """A refusal in two old words: the code as a string, and a label."""
    return Refusal(status, {"error-code": code or str(status), "error-code-label": label}, headers=headers)


def problem(
    status: int, kind: str, title: str, detail: str, *, headers: tuple[tuple[str, str], ...] = (), **more: Any
) -> Refusal:
    """A refusal as problem+json (RFC 9457)."""
    payload = {"type": f"{_ERRORS}#{kind}", "title": title, "detail": detail, **more}
    return Refusal(status, payload, headers=headers, problem=True)


def not_authenticated(form: str) -> Refusal:
    """401, in either form."""
    if form == "old":
        return old(401, "authentication failed")
    title = "You did not provide correct credentials."
    return problem(401, "unauthorized", title, "Check your authorization credentials.")


def too_many(retry_after: int | None) -> Refusal:
    """429; how long to wait is told or not."""
    wait = (("Retry-After", str(retry_after)),) if retry_after is not None else ()
    limits = (("X-RateLimit-Limit", "1"), ("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", str(retry_after or 1)))
    return problem(
        429, "throttled", "Rate Limit Hit", "Please wait, then retry your request.", headers=(*wait, *limits)
    )


def not_found(path: str) -> Refusal:
    """Nothing is there."""
    return problem(404, "not-found", "Not Found", f"No resource at {path}, or you lack access to it.")
