"""The suite that finds out whether a provider is good."""

from importlib.metadata import version

VERSION = version("trunkline-conformance")
