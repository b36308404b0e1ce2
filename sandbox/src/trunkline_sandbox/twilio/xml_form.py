"""XML, which the 2010 API speaks to whoever does not ask for `.json`."""

from typing import Any
from xml.sax.saxutils import escape

from trunkline_sandbox.carrier import Response

XML_TYPE = "application/xml"


def in_xml(response: Response, payload: Any) -> Response:
    """The same answer in XML."""
    inside = _elements({"rest_exception": payload} if response.status >= 400 else payload)
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<TwilioResponse>{inside}</TwilioResponse>'
    return Response(response.status, body.encode(), XML_TYPE, response.headers)


def _elements(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(f"<{_name(key)}>{_elements(inner)}</{_name(key)}>" for key, inner in value.items())
    if isinstance(value, list):
        return "".join(f"<Item>{_elements(inner)}</Item>" for inner in value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else escape(str(value))


def _name(key: str) -> str:
    return "".join(part.capitalize() for part in key.split("_"))
