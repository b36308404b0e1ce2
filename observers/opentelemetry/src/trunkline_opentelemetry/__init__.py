"""Traces of Trunkline: the observer that the entry point names."""

from trunkline_opentelemetry.tracing import Tracing

__all__ = ["Tracing"]
