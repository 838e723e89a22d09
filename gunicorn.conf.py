"""What `gunicorn caprural.wsgi` reads by itself: threads, since one person with a slow line must not stop the others,
and no token of a private link in its logs.

A proxy in front takes in the slow lines: it must buffer requests and answers (README, « Behind a proxy »).
"""

import sys
from pathlib import Path
from typing import Any

from gunicorn import glogging

sys.path.insert(0, str(Path(__file__).parent))

from caprural.private_pages import MaskedFormatter


class MaskedLogger(glogging.Logger):
    """Errors and, when asked for (`--access-logfile -`), accesses."""

    def setup(self, cfg: Any) -> None:
        """As gunicorn writes them, masked."""
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                handler.setFormatter(MaskedFormatter(handler.formatter._fmt, handler.formatter.datefmt))


logger_class = MaskedLogger
worker_class = "gthread"
workers = 2
threads = 16
# A worker that gives no sign of life for that long is replaced; the longest page takes a few seconds.
timeout = 60
