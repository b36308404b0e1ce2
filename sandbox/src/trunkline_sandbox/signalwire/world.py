"""All that exists at SignalWire: projects, the spaces they are on, and who may log in to them."""

from trunkline_sandbox.basic_auth import user_and_password
from trunkline_sandbox.carrier import AccountEntry
from trunkline_sandbox.clock import Clock
from trunkline_sandbox.number_plan import NumberPlan

from .ids import Ids
from .model import Project


class World:
    """The projects, by label and by id, and what control lists of them."""

    def __init__(self, seed: str, clock: Clock) -> None:
        self.clock = clock
        self.ids = Ids(seed)
        self.plan = NumberPlan()
        self.projects: dict[str, Project] = {}
        """By label."""
        self.by_id: dict[str, Project] = {}
        self.entries: list[AccountEntry] = []
        self.spaces: set[str] = set()

    def add(self, project: Project) -> None:
        """Take a project in."""
        self.projects[project.label] = project
        self.by_id[project.id] = project
        self.spaces.add(project.space)

    def list_entry(
        self, label: str, project: Project, expect: str, *, token: str | None = None, space: str | None = None
    ) -> None:
        """Have control list a way into a project."""
        credentials = {
            "projectId": project.id,
            "apiToken": project.token if token is None else token,
            "spaceUrl": space or project.space,
        }
        self.entries.append(AccountEntry(label, "signalwire", credentials, expect))
        self.spaces.add(space or project.space)

    def identify(self, authorization: str) -> Project | None:
        """The project whose token an Authorization header carries."""
        user, token = user_and_password(authorization)
        project = self.by_id.get(user.lower())
        return project if project is not None and project.token == token else None
