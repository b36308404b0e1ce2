"""`python -m trunkline_service`."""

from trunkline_service.cli import app

app()
