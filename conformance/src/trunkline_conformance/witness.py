"""Stands between the engine and a plugin, and remembers what the plugin itself gave, raised and tried to send."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import requests
from requests.adapters import BaseAdapter

from trunkline.call import Call
from trunkline.errors import PluginBroken
from trunkline.http.session import GuardedSession
from trunkline.setup import SetUpStep
from trunkline.sip.answer import SipAnswer
from trunkline.sip.server import SipServer
from trunkline_conformance.conversation import READING_METHODS, StageDial, Step
from trunkline_conformance.subject import HOOKS, Subject


class Witness:
    """A plugin to the engine, with the hooks that the subject has and no others; `step` is what it writes into."""

    def __init__(self, subject: Subject, dial: StageDial) -> None:
        self.step = Step("", "")
        self._dial = dial
        for hook in HOOKS:
            if subject.has(hook):
                setattr(self, hook, self._relay(getattr(subject.plugin, hook)))

    def _relay(self, own: Callable[..., Any]) -> Callable[..., Any]:
        # pluggy looks through `wraps`: the relay is called with the arguments that the plugin's own hook names.
        @functools.wraps(own)
        def relay(*arguments: Any) -> Any:
            step = self.step
            try:
                given = own(*(_watched(each, step) if isinstance(each, Call) else each for each in arguments))
            except BaseException as error:
                step.raised.append(error)
                raise
            if isinstance(given, Iterator):
                return self._each(given, step)
            step.given.append(given)
            return given

        return relay

    def _each(self, given: Iterator[Any], step: Step) -> Iterator[Any]:
        before = at = len(self._dial.asked)
        said = ""
        try:
            for each in given:
                written = [asked for asked in self._dial.asked[at:] if asked.method not in READING_METHODS]
                step.written_after += [said] * len(written)
                at = len(self._dial.asked)
                if step.first_after is None:
                    step.first_after = at - before
                if isinstance(each, SetUpStep):
                    said = each.state.value
                step.given.append(each)
                yield each
        except GeneratorExit:
            raise
        except BaseException as error:
            step.raised.append(error)
            raise
        finally:
            if hasattr(given, "close"):
                given.close()


def _watched(call: Call, step: Step) -> Call:
    http = GuardedSession(_Watched(call.http.adapter, step))  # type: ignore[arg-type]
    return attrs.evolve(call, http=http, sip=_WatchedSip(call.sip, step))  # type: ignore[arg-type]


class _Watched(BaseAdapter):
    """The guard, and a note of each request that it would not let out: a plugin may hide the refusal."""

    def __init__(self, guard: Any, step: Step) -> None:
        super().__init__()
        self._guard = guard
        self._step = step

    def __getattr__(self, name: str) -> Any:
        return getattr(self._guard, name)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Let the guard send it."""
        try:
            response: requests.Response = self._guard.send(request, *args, **kwargs)
        except PluginBroken as refused:
            self._step.refused.append(f"{request.method} {request.url}: {refused.summary}")
            raise
        return response

    def close(self) -> None:
        """Nothing of its own."""


class _WatchedSip:
    """The SIP wire, and a note of each server that it would not ask."""

    def __init__(self, wire: Any, step: Step) -> None:
        self._wire = wire
        self._step = step

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wire, name)

    def options(self, server: SipServer) -> SipAnswer:
        """Let the wire ask."""
        return self._noted("OPTIONS", server, self._wire.options)

    def register(self, server: SipServer) -> SipAnswer:
        """Let the wire ask."""
        return self._noted("REGISTER", server, self._wire.register)

    def _noted(self, method: str, server: SipServer, ask: Callable[[SipServer], SipAnswer]) -> SipAnswer:
        try:
            return ask(server)
        except PluginBroken as refused:
            self._step.refused.append(f"{method} {server.uri} at {server.address_host}: {refused.summary}")
            raise
