"""The `requests.Session` that a plugin is handed."""

from __future__ import annotations

from collections.abc import Iterator
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.cookies import RequestsCookieJar

from trunkline.checks import Exchange
from trunkline.http.guard import GuardAdapter

_NO_COOKIES = DefaultCookiePolicy(allowed_domains=[])


class GuardedSession(requests.Session):
    """A session whose one adapter is the guard: https only, no redirects, no cookies, no environment.

    SDKs that bring a session of their own are given `adapter` instead.
    """

    def __init__(self, adapter: GuardAdapter) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies = RequestsCookieJar(policy=_NO_COOKIES)
        self.adapters.clear()
        self.mount("https://", adapter)
        self.mount("http://", adapter)
        self.adapter = adapter

    @property
    def exchanges(self) -> list[Exchange]:
        """What was asked and how it was answered, in order; no bodies, no secrets."""
        return self.adapter.exchanges

    def resolve_redirects(self, *args: Any, **kwargs: Any) -> Iterator[requests.Response]:
        """Follow none: a redirect is an answer like any other."""
        return iter(())
