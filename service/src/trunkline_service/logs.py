"""Logs: one JSON object a line, made of facts that we chose; never a body, a query or an exception's text."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from pathlib import Path
from typing import Any, TextIO

import structlog

_PLACE = re.compile(r".*? in \w+, [^:]*:[0-9]+(?=:)", re.DOTALL)
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def get_logger() -> structlog.stdlib.BoundLogger:
    """The service's logger."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger("trunkline_service")
    return logger


def set_up_logging(level: str, stream: TextIO | None = None) -> None:
    """Write JSON lines to a stream, standard error by default."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _without_trace],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    # Libraries say at DEBUG what they send and to which address, so the level chosen is for our own words only.
    root.setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(_first_line)
    logging.getLogger("trunkline").addFilter(_without_plugin_words)
    for name in ("trunkline_service", "trunkline"):
        logging.getLogger(name).setLevel(_LEVELS[level])


def where(error: BaseException) -> list[str]:
    """What was raised and where, along its causes, without any of its texts: those may hold a secret."""
    chain: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(chain) < 8:
        frames = traceback.extract_tb(seen.__traceback__)
        places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames[:-6:-1])
        chain.append(f"{type(seen).__module__}.{type(seen).__name__} at {places or 'an unknown place'}")
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return chain


def place_only(text: str) -> str:
    """The engine's detail of a broken plugin, up to file and line: the plugin's own words may hold anything."""
    found = _PLACE.match(text)
    return found[0] if found else text


def _without_plugin_words(record: logging.LogRecord) -> bool:
    record.msg, record.args = place_only(record.getMessage()), ()
    return True


def _first_line(record: logging.LogRecord) -> bool:
    """The server logs whole tracebacks as its message; of those only the first line is ours to show."""
    record.msg, record.args = record.getMessage().strip().split("\n", 1)[0], ()
    return True


def _without_trace(logger: Any, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Other people's logging may bring an exception; only where it came from is kept."""
    record = event.get("_record")
    if isinstance(record, logging.LogRecord) and record.exc_info:
        if record.exc_info[1] is not None:
            event["error"] = where(record.exc_info[1])
        record.exc_info = None
        record.exc_text = None
    event.pop("exc_info", None)
    return event
