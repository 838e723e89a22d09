"""Many people at once for a few seats, through HTTP, against several gunicorn processes (R3, R7, R8, R23).

    python -m tests.support.race --people 200 --seats 10

Each person opens the form, then all of them send it at the same instant, then each opens the page of their
browser. The rules
say what must come out: exactly that many seats held, the others waiting with ranks 1, 2, 3…, one message each, nobody
lost, no 5xx. Meanwhile the coordination saves the forms of the session and of its registrations, and one person in ten
leaves: no status without its line in the log. Anything else is printed, and the exit status is 1.

DATABASE_URL says where: an SQLite file or a PostgreSQL database, created for the race and removed after it when it does
not exist. One that exists is migrated, and keeps nothing of the race. Without DATABASE_URL, a temporary SQLite file.

The tests run a smaller race with the same functions (tests/whole/test_race.py).
"""

import argparse
import http.client
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

ROOT = Path(__file__).resolve().parents[2]
#: Every address of the race, so that all of it can be found again.
DOMAIN = "course.example"
PATIENCE = 120
#: One person in so many leaves.
LEAVING = 10
SECRET_KEY = "the-same-on-every-machine"


@dataclass
class Person:
    """One visitor, and what the site answered."""

    number: int
    statuses: list[int]
    location: str = ""
    seconds: float = 0.0
    trouble: str = ""

    @property
    def email(self) -> str:
        """One address each."""
        return f"personne.{self.number}@{DOMAIN}"


# The servers


@contextmanager
def served(database_url: str, *, processes: int, workers: int, debug: bool) -> Iterator[list[int]]:
    """The ports of that many gunicorn processes, each with its workers, as on several machines."""
    with ExitStack() as stack:
        log = stack.enter_context(tempfile.TemporaryFile("w+"))
        servers = [stack.enter_context(_gunicorn(database_url, workers, debug, log.fileno())) for _ in range(processes)]
        try:
            for port in servers:
                _wait_for(port)
            yield servers
        finally:
            log.seek(0)
            sys.stderr.write(log.read())


@contextmanager
def _gunicorn(database_url: str, workers: int, debug: bool, log: int) -> Iterator[int]:
    # The socket is ours and handed down: no port is free only until someone else takes it.
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        port: int = listener.getsockname()[1]
        environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "DATABASE_URL": database_url,
            "SECRET_KEY": SECRET_KEY,
            "SITE_URL": "http://127.0.0.1",
            "DEBUG": str(debug),
            "PROXY_COUNT": "1",  # each person comes from a network of their own
            "LOG_LEVEL": "WARNING",
        }
        command = [sys.executable, "-m", "gunicorn", "caprural.wsgi", "--no-control-socket", "--log-level", "warning"]
        command += ["--bind", f"fd://{listener.fileno()}", "--workers", str(workers), "--timeout", str(PATIENCE)]
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment, pass_fds=(listener.fileno(),), stdout=log, stderr=log
        )
        try:
            yield port
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(timeout=10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _wait_for(port: int) -> None:
    give_up = time.monotonic() + 60
    while True:
        server = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with suppress(OSError, http.client.HTTPException), closing(server):
            server.request("GET", "/healthz")
            if server.getresponse().status == 200:
                return
        if time.monotonic() > give_up:
            raise TimeoutError(f"gunicorn does not answer on port {port}")
        time.sleep(0.1)


# The people


def rush(ports: Sequence[int], slug: str, *, people: int) -> list[Person]:
    """That many people register at once, each from a thread of their own; they ask one server, then another."""
    start = threading.Barrier(people)
    visitors = [Person(number, []) for number in range(1, people + 1)]

    def visit(person: Person) -> None:
        try:
            _register(person, ports, slug, start)
        except Exception as trouble:  # a lost request is what we are looking for: the others go on
            person.trouble = f"{type(trouble).__name__}: {trouble}"
            start.abort()

    threads = [threading.Thread(target=visit, args=(person,)) for person in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return visitors


def _register(person: Person, ports: Sequence[int], slug: str, start: threading.Barrier) -> None:
    path = f"/sessions/{slug}/inscription/"
    first, second = ports[person.number % len(ports)], ports[(person.number + 1) % len(ports)]
    network = {"X-Forwarded-For": f"10.0.{person.number // 250}.{person.number % 250}"}
    answer, page = _ask(person, first, "GET", path)
    cookie = SimpleCookie(answer.headers["Set-Cookie"])["csrftoken"].value
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    form = urlencode(
        {
            "csrfmiddlewaretoken": hidden["csrfmiddlewaretoken"],
            "submission_key": hidden["submission_key"],
            "first_name": "Camille",
            "last_name": f"Personne {person.number}",
            "email": person.email,
            "organisation": "Pays des Collines",
            "job_title": "Chargée de mission",
            "profile": "development_officer",
        }
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"csrftoken={cookie}", **network}
    start.wait(timeout=PATIENCE)
    began = time.monotonic()
    answer, _ = _ask(person, second, "POST", path, form, headers)
    person.seconds = time.monotonic() - began
    person.location = answer.headers.get("Location", "")
    if answer.status == 302:
        _ask(person, first, "GET", person.location, headers={"Cookie": f"csrftoken={cookie}"})


def _ask(
    person: Person, port: int, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
) -> tuple[http.client.HTTPResponse, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        page = answer.read().decode()
    finally:
        connection.close()
    person.statuses.append(answer.status)
    return answer, page


# The team


class Office(threading.Thread):
    """The coordination saves forms, and people leave, until everybody has come and as many have left."""

    def __init__(self, ports: Sequence[int], slug: str, cookie: str, *, leaving: int) -> None:
        super().__init__()
        self.ports, self.slug, self.cookie, self.leaving = ports, slug, cookie, leaving
        self.visitor = Person(0, [])
        self.have_come = threading.Event()
        self.saved, self.gone = 0, set[int]()

    def run(self) -> None:
        """One form after the other."""
        from django.db import connections

        try:
            while not (self.have_come.is_set() and len(self.gone) == self.leaving):
                self._turn()
        except Exception as trouble:
            self.visitor.trouble = f"{type(trouble).__name__}: {trouble}"
        finally:
            connections.close_all()

    def _turn(self) -> None:
        from sessions_app.models import TrainingSession

        session = TrainingSession.objects.get(slug=self.slug)
        self._send(f"/admin/sessions_app/trainingsession/{session.pk}/change/", subtitle=f"Tour {self.saved}")
        live = session.registrations.exclude(status="cancelled")
        if person := live.order_by("?").first():
            self._send(f"/admin/sessions_app/registration/{person.pk}/change/", phone=f"06 00 00 {self.saved:05}"[:14])
        if len(self.gone) < self.leaving and (person := live.order_by("?").first()):
            path = f"/admin/sessions_app/registration/{person.pk}/annuler/"
            if self._send(path, reason="course"):
                self.gone.add(person.pk)

    def _send(self, path: str, **changes: str) -> bool:
        """Open a page at one server and send its form to another: whether it was accepted."""
        from django.http import HttpResponse

        from tests.support.office import typed

        first, second = self.ports[self.saved % len(self.ports)], self.ports[(self.saved + 1) % len(self.ports)]
        answer, page = _ask(self.visitor, first, "GET", path, headers={"Cookie": f"sessionid={self.cookie}"})
        csrf = SimpleCookie(answer.headers["Set-Cookie"])["csrftoken"].value
        form: Any = HttpResponse(page)
        body = urlencode({**typed(form), **changes}, doseq=True)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"sessionid={self.cookie}; csrftoken={csrf}",
        }
        answer, _ = _ask(self.visitor, second, "POST", path, body, headers)
        self.saved += answer.status == 302
        return answer.status == 302

    @property
    def faults(self) -> list[str]:
        """What it was answered that it should not have been."""
        bad = [status for status in self.visitor.statuses if status not in (200, 302)]
        said = f"équipe : réponses {bad}, {self.saved} formulaires enregistrés {self.visitor.trouble}"
        return [said] if bad or self.visitor.trouble or not self.saved else []


# The verdict


def faults(slug: str, visitors: Sequence[Person], *, seats: int) -> list[str]:
    """What is not as the rules say, read from the database; nothing when all is well."""
    from sessions_app.models import TrainingSession
    from tests.support.traces import messages

    session = TrainingSession.objects.with_seats().get(slug=slug)
    rows = {row.email: row for row in session.registrations.all()}
    live = [row for row in rows.values() if row.status != "cancelled"]
    expected_seats = min(seats, len(live))
    found = [
        f"personne {person.number} : réponses {person.statuses}, vers « {person.location} » {person.trouble}"
        for person in visitors
        if person.statuses != [200, 302, 200]
        or person.email not in rows
        or not person.location.startswith("/inscriptions/votre-inscription/")
    ]
    if session.seats_taken != expected_seats:
        found.append(f"{session.seats_taken} places tenues au lieu de {expected_seats}")
    if len(rows) != len(visitors):
        found.append(f"{len(rows)} inscriptions au lieu de {len(visitors)}")
    ranks = sorted(row.rank() or 0 for row in live if not row.holds_seat)
    if ranks != list(range(1, len(live) - expected_seats + 1)):
        found.append(f"rangs : {ranks}")
    for row in rows.values():
        log = list(row.status_changes.values_list("from_status", "to_status"))
        if [before for before, _ in log] + [row.status] != ["", *(after for _, after in log)]:
            found.append(f"{row.email} : « {row.status} », journal {log}")
    if len(live) < len(rows):
        return found  # who was told what depends on who left when
    said = [message for message in messages() if message[0].endswith(f"@{DOMAIN}")]
    due = [
        (row.email, "Inscription confirmée" if row.holds_seat else f"Liste d’attente (rang {row.rank()})")
        for row in rows.values()
    ]
    if sorted(said) != sorted(due):
        found.append(f"messages en trop : {set(said) - set(due)}, manquants : {set(due) - set(said)}")
    return found


def summary(visitors: Sequence[Person], seconds: float) -> str:
    """How long it took, for a person and in all."""
    waits = sorted(person.seconds for person in visitors)
    return (
        f"{len(visitors)} inscriptions en {seconds:.1f} s ({len(visitors) / seconds:.0f} par seconde) ; "
        f"envoi du formulaire : médiane {statistics.median(waits):.2f} s, la plus longue {waits[-1]:.2f} s"
    )


# The command


@contextmanager
def _database() -> Iterator[str]:
    """The address of the database of the race; one made for it is removed after it."""
    url = os.environ.get("DATABASE_URL", "")
    with tempfile.TemporaryDirectory() as folder:
        url = url or f"sqlite:///{folder}/race.sqlite3"
        if not urlsplit(url).scheme.startswith("postgres"):
            file = Path(urlsplit(url).path[1:])
            existed = file.exists()
            yield url
            for name in () if existed else (file, f"{file}-wal", f"{file}-shm"):
                Path(name).unlink(missing_ok=True)
            return
        import psycopg2

        place, _, name = url.rpartition("/")
        server = psycopg2.connect(f"{place}/postgres")
        server.autocommit = True
        cursor = server.cursor()
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        existed = cursor.fetchone() is not None
        if not existed:
            cursor.execute(f'CREATE DATABASE "{name}"')
        try:
            yield url
        finally:
            if not existed:
                cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            server.close()


def main() -> int:
    """Run the race, print what came out, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--seats", type=int, default=10)
    parser.add_argument("--processes", type=int, default=2, help="gunicorn processes, each on a port of its own")
    parser.add_argument("--workers", type=int, default=2, help="workers of each of them")
    options = parser.parse_args()
    with _database() as url:
        os.environ.update(
            DATABASE_URL=url, DJANGO_SETTINGS_MODULE="caprural.settings", DEBUG="false", SECRET_KEY=SECRET_KEY
        )
        import django
        from django.core.management import call_command
        from django.db import connections

        django.setup()
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        try:
            return _race(url, options)
        finally:
            connections.close_all()


def _race(url: str, options: argparse.Namespace) -> int:
    from caprural.mailing.models import Message
    from tests.factories import make_staff
    from tests.support.announced import open_session
    from tests.support.office import signed_in

    user = make_staff(group="Coordination")
    client = signed_in(user)
    session = open_session(slug=f"course-{os.getpid()}", max_participants=options.seats)
    try:
        with served(url, processes=options.processes, workers=options.workers, debug=False) as ports:
            began = time.monotonic()
            cookie, leaving = client.cookies["sessionid"].value, options.people // LEAVING
            office = Office(ports, session.slug, cookie, leaving=leaving)
            office.start()
            visitors = rush(ports, session.slug, people=options.people)
            seconds = time.monotonic() - began
            office.have_come.set()
            office.join(timeout=PATIENCE)
        found = faults(session.slug, visitors, seats=options.seats) + office.faults
    finally:
        Message.objects.filter(to__endswith=f"@{DOMAIN}").delete()
        session.registrations.all().delete()
        session.delete()
        client.logout()
        user.delete()
    kind = urlsplit(url).scheme
    sys.stdout.write(
        f"{kind}, {options.processes} gunicorn × {options.workers} : {summary(visitors, seconds)}\n"
        f"{options.seats} places, {options.people} personnes : {'tout est conforme' if not found else 'NON CONFORME'}\n"
        f"équipe : {office.saved} formulaires enregistrés, {len(office.gone)} inscriptions annulées pendant ce temps\n"
    )
    sys.stdout.writelines(f"  {fault}\n" for fault in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
