"""The `requests.Session` that a plugin is handed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.cookies import RequestsCookieJar
from requests.hooks import default_hooks
from requests.sessions import merge_hooks, merge_setting
from requests.structures import CaseInsensitiveDict
from requests.utils import default_headers

from trunkline.checks import Exchange
from trunkline.http.guard import GuardAdapter

_NO_COOKIES = DefaultCookiePolicy(allowed_domains=[])
_PLAIN: Any = requests.Session().__getstate__()


class GuardedSession(requests.Session):
    """A session whose one adapter is the guard: https only, no redirects, no cookies, no environment.

    SDKs that bring a session of their own are given `adapter` instead.
    """

    def __init__(self, adapter: GuardAdapter) -> None:
        # As the parent's would, without the adapters that it makes: there is a session for every number imported.
        vars(self).update(
            _PLAIN,
            headers=default_headers(),
            params={},
            hooks=default_hooks(),
            proxies={},
            trust_env=False,
            cookies=RequestsCookieJar(policy=_NO_COOKIES),
            adapters=OrderedDict({"https://": adapter, "http://": adapter}),
        )
        self.adapter = adapter

    @property
    def exchanges(self) -> list[Exchange]:
        """What was asked and how it was answered, in order; no bodies, no secrets."""
        return self.adapter.exchanges

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """The request with the session's own headers, parameters and hooks.

        Cookies and logins are not prepared: the guard would only take them out again.
        """
        headers: CaseInsensitiveDict[Any] = CaseInsensitiveDict(self.headers)
        headers.update(request.headers or {})
        params: Any = merge_setting(request.params or None, self.params or None)  # type: ignore[no-untyped-call]
        hooks: Any = merge_hooks(request.hooks, self.hooks)  # type: ignore[no-untyped-call]
        prepared = requests.PreparedRequest()
        prepared.prepare_method(request.method)
        prepared.prepare_url(request.url or "", params)
        prepared.prepare_headers({name: value for name, value in headers.items() if value is not None})
        prepared.prepare_body(request.data, request.files, request.json)
        prepared.prepare_hooks(hooks)
        return prepared

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """None: how a request is sent is for the guard to say."""
        return {"proxies": {}}

    def resolve_redirects(self, *args: Any, **kwargs: Any) -> Iterator[requests.Response]:
        """Follow none: a redirect is an answer like any other."""
        return iter(())
