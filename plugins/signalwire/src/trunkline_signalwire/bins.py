"""Our LaML bin: what stands in for the script where SignalWire does not take the script's address for a number."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

import attrs

from trunkline.errors import CarrierAnswerUnexpected, TrunklineError, WriteOutcomeUnknown
from trunkline.sip_target import SipTarget
from trunkline_signalwire.client import PAGE_SIZE, Row, SignalWire
from trunkline_signalwire.refusals import unexpected

_SIP = re.compile(r"<Sip[^>]*>\s*([^<\s]+)\s*</Sip>")


@attrs.frozen
class Bin:
    """One LaML bin of the project: a document that SignalWire serves at an address of its own."""

    sid: str
    name: str
    address: str
    contents: str
    made_at: str

    def leads_to(self, platform: SipTarget) -> bool:
        """Whether it connects calls to the platform."""
        return any(platform.same_place(to) for to in _SIP.findall(self.contents))

    def is_right_for(self, platform: SipTarget) -> bool:
        """Whether it connects calls to the platform in just our way, transport and all."""
        return contents(platform) == self.contents.strip()


def contents(platform: SipTarget) -> str:
    """Our document: it dials the platform with the number that was called."""
    # `{{To}}` is the number that was dialled:
    # https://developer.signalwire.com/compatibility-api/cxml/guides/mustache-template-parameters
    # A SIP URI without a transport means UDP (RFC 3263, 4.1), and `<Sip>` would take it for TLS:
    # https://developer.signalwire.com/compatibility-api/cxml/voice/sip-noun
    spoken = attrs.evolve(platform, transport=platform.transport or "udp")
    uri = spoken.uri.replace("sip:", "sip:{{To}}@", 1)
    return f"<Response><Dial><Sip>{escape(uri)}</Sip></Dial></Response>"


def path(signalwire: SignalWire) -> str:
    """Where the project's bins are (list_cxml_scripts)."""
    return f"/api/laml/2010-04-01/Accounts/{signalwire.project}/LamlBins"


def ours(signalwire: SignalWire) -> Bin | None:
    """The bin that carries our name; the oldest of several, since every caller must choose the same one."""
    marker = signalwire.call.marker
    pages = signalwire.pages(path(signalwire), "laml_bins", {"Name": marker, "PageSize": str(PAGE_SIZE)})
    found = [_bin(row) for rows in pages for row in rows if row.get("name") == marker]
    return min(found, key=lambda known: (known.made_at, known.sid), default=None)


def make(signalwire: SignalWire, platform: SipTarget) -> Bin:
    """Make our bin. Where the answer is lost it is looked for, and not made a second time."""
    form = {"Name": signalwire.call.marker, "Contents": contents(platform)}
    return _written(signalwire, path(signalwire), form, platform)


def mend(signalwire: SignalWire, known: Bin, platform: SipTarget) -> Bin:
    """Have our bin lead to the platform again."""
    return _written(signalwire, f"{path(signalwire)}/{known.sid}", {"Contents": contents(platform)}, platform)


def _written(signalwire: SignalWire, path: str, form: dict[str, str], platform: SipTarget) -> Bin:
    try:
        written = _bin(signalwire.write("POST", path, form=form))
    except (WriteOutcomeUnknown, CarrierAnswerUnexpected) as unknown:
        # Names need not be unique, so a second POST might make a second bin.
        found = _looked_up(signalwire)
        if found is None or not found.is_right_for(platform):
            raise WriteOutcomeUnknown(
                "SignalWire did not confirm the change; whether the LaML bin was written is not known yet. Try again "
                "in a moment.",
                detail=unknown.detail,
                reply=unknown.reply,
            ) from None
        return found
    if not written.leads_to(platform):
        raise unexpected("the LaML bin is not as it was written")
    return written


def _looked_up(signalwire: SignalWire) -> Bin | None:
    try:
        return ours(signalwire)
    except TrunklineError:
        return None


def _bin(row: Row) -> Bin:
    texts = [row.get(name) for name in ("sid", "name", "request_url", "contents", "date_created")]
    sid, name, address, document, made_at = (text if isinstance(text, str) else "" for text in texts)
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", sid) or not address:
        raise unexpected("a LaML bin without a sid or without an address")
    return Bin(sid, name, address, document, made_at)
