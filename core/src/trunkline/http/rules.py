"""What one call may send, and where to."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

import attrs

from trunkline.account import CarrierAccount
from trunkline.descriptor import BasicAuth, BearerAuth, DigestAuth, ProviderDescriptor
from trunkline.errors import CredentialsRejected, PluginBroken
from trunkline.secret import Secret

_LONGEST_URL = 16 * 1024
_PLAIN = re.compile(r"[!-\[\]-~]+")  # printable ASCII, without space and backslash
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")


@attrs.frozen
class Rules:
    """Hosts, methods, authorization and names of identifiers for one account and one hook."""

    descriptor: ProviderDescriptor
    account: CarrierAccount
    read_only: bool

    def admit(self, method: str, url: str) -> None:
        """Raise `PluginBroken` for anything that must not leave: wrong scheme, host or, when reading, method."""
        if len(url) > _LONGEST_URL or not _PLAIN.fullmatch(url):
            raise PluginBroken("The plugin tried an address that is no plain URL.")
        try:
            parts = urlsplit(url)
        except ValueError:
            raise PluginBroken("The plugin tried an address that is no plain URL.") from None
        if parts.scheme != "https":
            raise PluginBroken("The plugin tried to speak to its carrier without encryption.", detail=parts.scheme)
        host = parts.netloc
        if not _HOST.fullmatch(host):
            raise PluginBroken("The plugin tried an address with a port, a user or an odd host name in it.")
        if not self._is_allowed(host):
            raise PluginBroken("The plugin tried to speak to a host that is not its carrier's.", detail=host)
        if self.read_only and not self.is_read(method, parts.path):
            raise PluginBroken("The plugin tried to write where it may only read.", detail=f"{method} {host}")

    def is_read(self, method: str, path: str) -> bool:
        """GET, HEAD, and the POSTs that the descriptor declares as reads."""
        if method in ("GET", "HEAD"):
            return True
        path = unquote(path)
        # A server may take `..` out of a path, and then it is another one.
        if method != "POST" or not {".", ".."}.isdisjoint(re.split(r"[/\\]", path)):
            return False
        return any(re.fullmatch(read.path, path) for read in self.descriptor.reads_by_post)

    def authorization(self) -> str | None:
        """The value of the Authorization header: the one place where a carrier's secret is opened."""
        match self.account.form.authentication:
            case BasicAuth(username, password):
                pair = f"{self._open(username)}:{self._open(password)}"
                return "Basic " + base64.b64encode(pair.encode()).decode()
            case BearerAuth(token):
                bearer = f"Bearer {self._open(token)}"
                if not bearer.isascii():
                    raise CredentialsRejected("These credentials hold characters that no carrier's credentials have.")
                return bearer
            case DigestAuth():
                raise PluginBroken("The plugin tried to send a SIP password over HTTP.")
        return None

    def named_path(self, url: str) -> str:
        """The path with every credential in it replaced by its field's name, as in `/Accounts/{accountSid}`."""
        path = urlsplit(url).path
        longest_first = sorted(self._plain_credentials().items(), key=lambda item: -len(item[1]))
        for name, value in longest_first:
            if len(value) >= 6:
                path = path.replace(quote(value, safe=""), "{" + name + "}").replace(value, "{" + name + "}")
        return self.account.scrub(path)

    def _is_allowed(self, host: str) -> bool:
        for allowed in self.descriptor.hosts:
            if re.fullmatch(allowed.pattern, host) and (
                allowed.field is None or self.account.credential(allowed.field) == host
            ):
                return True
        return False

    def _open(self, field: str) -> str:
        value = self.account.credentials.get(field)
        if value is None:
            raise PluginBroken("The plugin's descriptor authenticates with a field that its form does not have.")
        return value.reveal() if isinstance(value, Secret) else value

    def _plain_credentials(self) -> Mapping[str, str]:
        return {k: x.reveal() if isinstance(x, Secret) else x for k, x in self.account.credentials.items()}
