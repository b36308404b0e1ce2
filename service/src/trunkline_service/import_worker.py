"""Who works on import jobs in this process: Procrastinate's worker on PostgreSQL, a plain loop over the rows on SQLite.

Both run in one thread of their own, beside the requests, and call `import_jobs.go_on`.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from procrastinate import App, PsycopgConnector, RetryStrategy
from procrastinate.worker import Worker

from trunkline_service import import_jobs
from trunkline_service.logs import get_logger, where
from trunkline_service.service import Service
from trunkline_service.storage import import_jobs as stored
from trunkline_service.storage.queue import QUEUE, TASK

_AT_ONCE = 8
"""How many accounts a process imports on side by side."""

_POLL_SECONDS = 0.5
_AGAIN_SECONDS = 10

_log = get_logger()


def run_until(service: Service, stopped: threading.Event) -> None:
    """Work until the process stops; what ends the worker before that is told, and a new one begins."""
    while not stopped.is_set():
        try:
            if service.database.is_sqlite:
                _work_on_rows(service, stopped)
            else:
                asyncio.run(_work_on_queue(service, stopped))
        except Exception as error:
            _log.error("import_worker_failed", error=where(error))
        stopped.wait(_POLL_SECONDS)


# SQLite


def _work_on_rows(service: Service, stopped: threading.Event) -> None:
    while not stopped.is_set():
        if not go_on_with_next(service):
            stopped.wait(_POLL_SECONDS)


def go_on_with_next(service: Service) -> bool:
    """Give the job that is due the longest its turn; False where none is due."""
    with service.database.reading() as db:
        id = stored.due(db, service.now())
    if id is None:
        return False
    try:
        import_jobs.go_on(service, id)
    except Exception as error:
        _log.error("import_job_interrupted", job=id, error=where(error))
        with service.database.writing() as db:
            stored.wait_until(db, id, service.now() + _AGAIN_SECONDS * 1000)
    return True


# PostgreSQL


class _Worker(Worker):
    """Ends where the end of a turn cannot be written: that turn would count as running for as long as it lives."""

    async def _persist_job_status(self, *given: Any, **more: Any) -> None:
        try:
            await super()._persist_job_status(*given, **more)
        except Exception as error:
            _log.error("import_turn_not_ended", error=where(error))
            self.stop()  # type: ignore[no-untyped-call]


async def _work_on_queue(service: Service, stopped: threading.Event) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="import"))
    app = _app(service)
    async with app.open_async():
        worker = _Worker(app, queues=[QUEUE], concurrency=_AT_ONCE, install_signal_handlers=False, delete_jobs="always")
        stopping = asyncio.create_task(_stop_with(worker, stopped))
        try:
            await worker.run()  # type: ignore[no-untyped-call]
        finally:
            stopping.cancel()


async def _stop_with(worker: Worker, stopped: threading.Event) -> None:
    while not stopped.is_set():
        await asyncio.sleep(_POLL_SECONDS)
    worker.stop()  # type: ignore[no-untyped-call]


def _app(service: Service) -> App:
    address = service.database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    app = App(connector=PsycopgConnector(conninfo=address, min_size=1, max_size=4))

    @app.task(name=TASK, queue=QUEUE, retry=RetryStrategy(wait=_AGAIN_SECONDS))
    def import_next_numbers(job: int) -> None:
        import_jobs.go_on(service, job)

    # The sixth field is seconds.
    @app.periodic(cron="* * * * * */15")
    @app.task(name="retry_stalled", queue=QUEUE, queueing_lock="retry_stalled", priority=1)
    async def retry_stalled(timestamp: int) -> None:
        """Turns of workers that say nothing any more are taken again."""
        for job in await app.job_manager.get_stalled_jobs(queue=QUEUE):
            _log.warning("import_turn_stalled", **job.task_kwargs)
            await app.job_manager.retry_job(job)

    return app
