"""`python -m trunkline_sandbox`."""

from .cli import app

app(prog_name="trunkline-sandbox")
