"""Basic authentication, as a carrier reads it (RFC 7617)."""

from base64 import b64decode


def user_and_password(authorization: str) -> tuple[str, str]:
    """User and password of an Authorization header; two empty strings where it is not of this scheme."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return user, password
