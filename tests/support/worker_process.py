"""A `manage.py worker` as it runs in production: a process of its own, on a real database, with a real mail server."""

import os
import subprocess
import sys
from threading import Thread

from django.conf import settings
from django.db import connection

from tests.support.smtp_sink import SmtpSink


class Worker:
    """A worker on the database of the test; `log` grows as it speaks."""

    def __init__(self, sink: SmtpSink, *options: str) -> None:
        self.log: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "worker", *options],
            cwd=settings.BASE_DIR,
            env={
                "PATH": os.environ["PATH"],
                "LANG": "C.UTF-8",
                "SECRET_KEY": "tests-only",
                "DATABASE_URL": database_url(),
                "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}",
            },
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = Thread(target=lambda: self.log.extend(self.process.stderr or ()))
        self._reader.start()

    def said(self, words: str) -> bool:
        """Whether a line of its log has these words."""
        return any(words in line for line in self.log)

    def ends(self, signum: int | None = None) -> int:
        """The exit status, after a signal."""
        if signum:
            self.process.send_signal(signum)
        status = self.process.wait(timeout=120)
        self._reader.join()
        if self.process.stderr:
            self.process.stderr.close()
        return status


def database_url() -> str:
    """The database this process is connected to, as DATABASE_URL says it."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    user = ":".join(filter(None, (database["USER"], database["PASSWORD"])))
    return f"postgres://{user}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
