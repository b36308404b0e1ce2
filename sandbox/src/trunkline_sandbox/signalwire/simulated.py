"""The simulated SignalWire: from a request to the project it speaks for and the endpoint that answers."""

import itertools
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from threading import RLock
from typing import Any

from trunkline_sandbox.carrier import AccountEntry, Request, Response
from trunkline_sandbox.clock import Clock

from . import behind_the_api, fabric, laml, relay
from .accounts import build_projects, give_numbers, open_project
from .errors import Refusal, unauthorized
from .model import Project
from .paging import with_repeated_page
from .routing import Call, family_of, find
from .world import World

ENDPOINTS = (relay, fabric, laml)
"""The modules whose endpoints are answered."""

_SPACE = re.compile(r"(?P<space>[a-z0-9-]+\.signalwire\.com)(:443)?")
_WINDOW_SECONDS = 10.0


class SimulatedSignalWire:
    """SignalWire on one port: every space, by its host name or by the project that asks."""

    name = "signalwire"

    def __init__(self, seed: str = "trunkline", *, concurrency: int = 1000) -> None:
        self.lock = RLock()
        self.concurrency = concurrency
        self.clock = Clock()
        self._seed = seed
        self._extra: list[Callable[[World], Project]] = []
        self._request_ids = itertools.count(1)
        self._build()

    def _build(self) -> None:
        self.world = World(self._seed, self.clock)
        build_projects(self.world)
        for build in self._extra:
            build(self.world)

    # For tests, in process

    @property
    def accounts(self) -> dict[str, Project]:
        """The projects, by label."""
        return self.world.projects

    def add_account(self, label: str, name: str = "", *, numbers: int = 0, **details: Any) -> Project:
        """One more project with so many numbers in the United States; it survives a reset."""

        def build(world: World) -> Project:
            project = open_project(world, label, name or label, **details)
            give_numbers(world, project, "US", "local", numbers)
            world.list_entry(label, project, "healthy")
            return project

        with self.lock:
            self._extra.append(build)
            return build(self.world)

    # The carrier, as the server knows it

    @property
    def hosts(self) -> Collection[str]:
        """The spaces, one that does not exist among them."""
        return frozenset(self.world.spaces)

    def account_of(self, request: Request) -> str | None:
        """The id of the project whose token the request carries."""
        project = self.world.identify(request.authorization)
        return project.id if project else None

    def handle(self, request: Request) -> Response:
        """Process one request."""
        try:
            response = self._answer(request)
        except Refusal as refusal:
            response = refusal.response(family_of(request.path))
        return self._with_headers(response)

    def refuse_as_too_many(self, request: Request) -> Response:
        """429."""
        return self._with_headers(_too_many(None).response(family_of(request.path)))

    def with_repeated_page(self, request: Request, payload: Any) -> Any:
        """The page with its link to the next page pointing to itself."""
        return with_repeated_page(payload)

    def listing(self) -> Sequence[AccountEntry]:
        """Every way into a project."""
        return tuple(self.world.entries)

    def state(self) -> dict[str, Any]:
        """What each project holds, by id."""
        return {project.id: project.described() for project in self.world.by_id.values()}

    def change(self, account: str, collection: str, name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Change one thing behind the API's back."""
        with self.lock:
            found = behind_the_api.find_project(self.world, account)
            return behind_the_api.change(self.world, found, collection, name, fields)

    def remove(self, account: str, collection: str, name: str) -> None:
        """Take one thing away behind the API's back."""
        with self.lock:
            behind_the_api.remove(behind_the_api.find_project(self.world, account), collection, name)

    def reset(self) -> None:
        """Back to the projects as they were built."""
        with self.lock:
            self._build()

    # From a request to its endpoint

    def _answer(self, request: Request) -> Response:
        project = self.world.identify(request.authorization)
        found = _SPACE.fullmatch(request.host)
        if project is not None and found and found["space"] != project.space:
            return _unknown_space(project)
        if project is None:
            raise unauthorized()
        route, params = find(request.method, request.decoded_path)
        if route.scopes and not route.scopes & project.scopes:
            raise Refusal(project.switches.missing_scope)
        if request.method in ("POST", "PUT", "PATCH"):
            self._count_write(project)
        origin = f"https://{found['space']}" if found else f"http://{request.host}"
        return route.endpoint(Call(request, project, self.clock, self.world.ids, origin, params))

    def _count_write(self, project: Project) -> None:
        now = self.clock.now()
        project.writes = [at for at in project.writes if now - at < _WINDOW_SECONDS]
        if len(project.writes) >= project.switches.writes_per_10_seconds:
            raise _too_many(project.switches.retry_after)
        project.writes.append(now)

    def _with_headers(self, response: Response) -> Response:
        # The document promises headers with the limit and what is left of it, but not their names.
        request_id = self.world.ids.named(f"request {next(self._request_ids)}")
        own = (("X-Request-Id", request_id),)
        return Response(response.status, response.body, response.content_type, response.headers + own)


def _too_many(retry_after: int | None) -> Refusal:
    return Refusal(429, "Rate limit exceeded", "rate_limit_exceeded", retry=retry_after)


def _unknown_space(project: Project) -> Response:
    match project.switches.unknown_space:
        case "401":
            raise unauthorized()
        case "404":
            raise Refusal(404)
        case "404_html":
            return Response(404, b"<html><body><h1>Space not found</h1></body></html>", "text/html; charset=utf-8")
        case "redirect":
            return Response(302, headers=(("Location", "https://signalwire.com/signin"),))
