"""A file from its arrival to its effects: by a worker, by two, by one that dies (R24)."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from members import importing
from members.importing import planning, working
from members.models import CoveredPerson, Member, SpreadsheetImport
from tests.factories import NOW, make_member
from tests.support.traces import folded

pytestmark = pytest.mark.django_db

Status = SpreadsheetImport.Status


def sent(text: str = "Nom\nCollines\nVallée", *, kind: str = "members", **fields: object) -> SpreadsheetImport:
    """A file that waits for its analysis."""
    return SpreadsheetImport.objects.create(
        kind=kind, **{"file_name": "f.csv", "content": text.encode(), "created_at": NOW, "asked_at": NOW, **fields}
    )


def state(found: SpreadsheetImport) -> tuple[str, str]:
    """Its status and what is to be known, as the database has them now."""
    found.refresh_from_db()
    return found.status, folded(found.message)


def agree(found: SpreadsheetImport) -> None:
    """The coordinator has read the preview, and says yes."""
    found.refresh_from_db()
    assert found.status == Status.READY
    SpreadsheetImport.objects.filter(pk=found.pk).update(status=Status.TO_APPLY)


class TestAnalysed:
    def test_ready_or_refused(self) -> None:
        good, bad = sent(), sent("Nom;Mail\nCollines;x")

        importing.run(now=NOW)

        assert [state(good), state(bad)] == [("ready", ""), ("refused", "")]
        assert (good.lines_total, good.lines_done, good.taken_until) == (2, 2, None)
        assert good.lines == [[2, "created", "Collines", []], [3, "created", "Vallée", []]]
        assert not Member.objects.exists()

    def test_one_that_fails_holds_no_other_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        unread, broken, good = sent("%PDF-1.7"), sent(kind="people", text="Cotisant;Mail\na;b"), sent()

        class Broken:
            def __init__(self, *args: object, **kwargs: object) -> None:
                raise ZeroDivisionError

        monkeypatch.setitem(planning.READERS, "people", Broken)
        importing.run(now=NOW)

        assert state(unread)[1].startswith("Ce fichier n’est pas un tableau : ")
        assert state(broken)[1].startswith("Une erreur imprévue a arrêté le traitement, et rien n’a été importé : ")
        assert [state(row)[0] for row in (unread, broken, good)] == ["failed", "failed", "ready"]

    def test_how_far_it_has_come_is_written_meanwhile(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = sent("Nom\n" + "\n".join(f"Cotisant {n}" for n in range(450)))
        seen = []
        read = planning._read

        def spied(reader: object, cells: importing.lines.Cells) -> importing.Line:  # type: ignore[name-defined]
            if cells.number in (2, 300, 451):
                seen.append(SpreadsheetImport.objects.values_list("status", "lines_done").get())
            return read(reader, cells)  # type: ignore[arg-type]

        monkeypatch.setattr(planning, "_read", spied)
        importing.run(now=NOW)

        assert seen == [("analysing", 0), ("analysing", 200), ("analysing", 400)]
        assert state(found)[0] == "ready"


class TestTaken:
    def test_never_by_two(self) -> None:
        found = sent(taken_until=NOW + timedelta(minutes=1), status=Status.ANALYSING)

        importing.work_on(found.pk, now=NOW)

        assert state(found)[0] == "analysing"

    def test_what_a_dead_worker_held_is_done_by_the_next(self) -> None:
        found = sent(taken_until=NOW, status=Status.ANALYSING, attempts=1)

        importing.run(now=NOW)

        assert state(found)[0] == "ready"

    def test_a_file_that_kills_every_worker_is_left_alone(self) -> None:
        found = sent(taken_until=NOW, status=Status.ANALYSING, attempts=working.MAX_ATTEMPTS)

        importing.run(now=NOW)

        assert state(found) == ("failed", folded(working.INTERRUPTED))

    def test_the_worker_that_lost_it_writes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = sent()
        read = planning._read

        def taken_over(reader: object, cells: object) -> importing.Line:
            SpreadsheetImport.objects.update(taken_until=NOW + timedelta(hours=1))
            return read(reader, cells)  # type: ignore[arg-type]

        monkeypatch.setattr(planning, "_read", taken_over)
        importing.run(now=NOW)

        assert state(found)[0] == "analysing"
        assert (found.lines, found.taken_until) == ([], NOW + timedelta(hours=1))


class TestImported:
    def test_once_and_the_file_is_erased(self) -> None:
        found = sent()
        importing.run(now=NOW)
        agree(found)

        importing.run(now=NOW)
        importing.apply(found.pk, now=NOW)

        assert state(found) == ("applied", "")
        assert (found.content, found.lines, found.count("created"), found.applied_at) == (b"", [], 2, NOW)
        assert list(Member.objects.values_list("name", flat=True)) == ["Collines", "Vallée"]

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            (lambda: make_member(name="Collines"), "ready"),
            (lambda: [make_member(name="Collines"), make_member(name="Collines")], "refused"),
        ],
    )
    def test_what_has_changed_since_is_shown_again(self, change: Callable[[], object], expected: str) -> None:
        found = sent()
        importing.run(now=NOW)
        agree(found)
        change()
        before = Member.objects.count()

        importing.run(now=NOW)

        assert state(found) == (
            expected,
            "Des données ont changé depuis l’analyse : relisez ce qui sera fait, puis importez.",
        )
        assert Member.objects.count() == before

    def test_nothing_is_kept_when_a_line_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What somebody else writes between our reading and our writing."""
        make_member(name="Collines")
        found = sent("Cotisant;Mail\nCollines;a@x.example\nCollines;b@x.example", kind="people")
        importing.run(now=NOW)
        agree(found)
        write = planning.PersonLines.write

        def late(self: planning.PersonLines) -> None:
            CoveredPerson.objects.bulk_create(self.created[1:])
            write(self)

        monkeypatch.setattr(planning.PersonLines, "write", late)
        importing.run(now=NOW)

        assert state(found)[0] == "failed"
        assert state(found)[1].startswith("D’autres données ont été enregistrées au même instant")
        assert not CoveredPerson.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moment", ["same file", "two files"])
def test_two_at_once(moment: str) -> None:
    """Each structure is created once, whoever wins."""
    files = [sent() for _ in range(1 if moment == "same file" else 2)]
    importing.run(now=NOW)
    for found in files:
        agree(found)
    start = Barrier(2)

    def work(found: SpreadsheetImport) -> None:
        start.wait()
        try:
            importing.work_on(found.pk, now=NOW)
        finally:
            connection.close()

    threads = [Thread(target=work, args=(files[n % len(files)],)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(Member.objects.values_list("name", flat=True)) == ["Collines", "Vallée"]
    assert sorted(state(found)[0] for found in files) == ["applied", "ready"][: len(files)]


class TestForgotten:
    """R25: a file that nobody imports is erased after seven days; what was imported keeps its counts."""

    def test_after_seven_days(self) -> None:
        old, recent = sent(created_at=NOW - timedelta(days=7)), sent()
        importing.work_on(old.pk, now=NOW)

        importing.forget(importing.forgotten(NOW))

        assert state(old) == (
            "expired",
            "Le fichier a été effacé au bout de sept jours : renvoyez-le pour l’importer.",
        )
        assert (old.content, old.lines, old.count("created")) == (b"", [], 2)
        assert state(recent)[0] == "to_analyse"
