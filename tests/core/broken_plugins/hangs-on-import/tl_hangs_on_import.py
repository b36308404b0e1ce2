"""A plugin that hangs on import."""

import threading

threading.Event().wait()
