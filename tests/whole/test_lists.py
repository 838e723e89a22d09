"""Lists of sessions: the recent ones, twins told apart, and a broken row that takes nothing down (C4, C5, H4, J4)."""

from datetime import date, time

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from caprural import agenda, typography
from sessions_app import deciding, home, registering
from sessions_app.models import LinkRequest, StateCode, TrainingSession
from tests.factories import (
    make_campaign,
    make_category,
    make_fee,
    make_member,
    make_registration,
    make_session,
    paris,
)
from tests.support import pages
from tests.support.announced import open_session, registered, today
from tests.support.office import notices, table, typed
from tests.support.traces import folded, messages

pytestmark = pytest.mark.django_db


class TestByYear:
    """The season to come, the last twelve months, then by year: a page of constant size."""

    def test_each_where_it_belongs(self, client: Client) -> None:
        open_session(title="À venir")
        make_session(title="Récente", days=(today(-365),))
        make_session(title="Ancienne", days=(today(-366),))
        make_session(title="Du siècle", days=(date(2001, 4, 12),))
        home, feed = pages.main(client.get("/")), client.get("/sessions.ics").content.decode()
        year = today(-366).year

        titles = ("À venir", "Récente", "Ancienne", "Du siècle")
        assert [title in home for title in titles] == [True, True, False, False]
        assert [f"SUMMARY:{title}\r\n" in feed for title in titles] == [True, True, False, False]
        assert f"Sessions plus anciennes : {year}, 2001" in folded(home)
        assert "Ancienne" in pages.main(client.get(f"/sessions/archives/{year}/"))
        assert "Du siècle" in pages.main(client.get("/sessions/archives/2001/"))
        assert "Aucune session n’a eu lieu" in pages.main(client.get("/sessions/archives/2002/"))
        sitemap = client.get("/sitemap.xml").content.decode()
        assert [sitemap.count(session.get_absolute_url()) for session in TrainingSession.objects.all()] == [1] * 4

    def test_no_draft_and_nothing_to_come_in_a_year(self, client: Client) -> None:
        make_session(title="Brouillon", days=(date(2001, 4, 12),), status="draft")
        session = open_session(title="À venir")

        assert "Brouillon" not in pages.main(client.get("/sessions/archives/2001/"))
        assert (
            f"{session.title}" not in pages.main(client.get(f"/sessions/archives/{today().year}/")).split("Toutes")[0]
        )
        assert client.get(f"/sessions/archives/{today().year + 1}/").status_code == 404
        assert "anciennes" not in pages.main(client.get("/"))


class TestPostponedToADateToCome:
    """Its old date is told as the old one only, wherever it is named, even once it is cancelled."""

    @pytest.fixture
    def session(self) -> TrainingSession:
        session = open_session(title="Coopérer", days=(today(20), today(21)), fee_required=True)
        registered(session)
        deciding.postpone(session, first_on=None, now=timezone.now())
        return TrainingSession.objects.get()

    @pytest.mark.parametrize(("is_cancelled", "said"), [(False, "date à venir"), (True, "sans nouvelle date")])
    def test_everywhere(
        self, client: Client, coordination: Client, session: TrainingSession, is_cancelled: bool, said: str
    ) -> None:
        if is_cancelled:
            deciding.cancel(session, user=User.objects.get(), now=timezone.now())
        person = session.registrations.get()
        here = "/admin/sessions_app/trainingsession/"
        found = {
            path: folded(pages.main(browser.get(path)))
            for browser, path in (
                (client, "/"),
                (client, session.get_absolute_url()),
                (client, person.get_absolute_url()),
                (coordination, here),
                (coordination, f"{here}{session.pk}/emargement/"),
                (coordination, "/admin/sessions_app/registration/"),
                (coordination, "/admin/sessions_app/registration/a-rattacher/"),
            )
        }
        board = pages.by_id(pages.tree(coordination.get(f"{here}{session.pk}/change/")), "inscriptions")
        found["board"] = folded(pages.text(board))
        found["data"] = client.get(f"{person.get_absolute_url()}donnees.json").content.decode()
        old = [form(today(n)) for form in (typography.long_date, typography.medium_date, str) for n in (20, 21)]

        named = {
            path: [day for day in old if folded(day) in text.replace(f"initialement prévue le {folded(old[2])}", "")]
            for path, text in found.items()
        }
        assert named == {path: [] for path in found}
        assert all(said in found[path].lower() for path in ("/", session.get_absolute_url(), here))
        assert f"initialement prévue le {folded(old[2])}" in found[session.get_absolute_url()]

    def test_it_is_to_come_until_it_is_cancelled(self, client: Client, coordination: Client) -> None:
        session = make_session(title="Coopérer", days=(date(2001, 4, 12),), status="postponed")
        upcoming = pages.main(client.get("/")).split("Sessions passées")[0]
        listed = [
            session.title in pages.main(coordination.get("/admin/sessions_app/trainingsession/", {"periode": period}))
            for period in ("a-venir", "passees")
        ]

        assert "Coopérer" in upcoming
        assert listed == [True, False]
        assert "Coopérer" not in pages.main(client.get("/sessions/archives/2001/"))


class TestTwins:
    """Two groups of one title on one day: their hours tell them apart wherever they are named."""

    @pytest.fixture
    def twins(self) -> list[TrainingSession]:
        open_session(title="Autre")
        return [open_session(title="Coopérer", starts_at=time(start), ends_at=time(start + 3)) for start in (9, 14)]

    def test_on_the_home_page(self, client: Client, twins: list[TrainingSession]) -> None:
        home = folded(pages.main(client.get("/")))

        assert [home.count(hours) for hours in ("de 9 h à 12 h", "de 14 h à 17 h", "de 9 h 30 à 17 h 30")] == [1, 1, 0]

    def test_in_letters(self, twins: list[TrainingSession]) -> None:
        from caprural.mailing.models import Message

        for session in twins:
            registered(session, email="camille@collines.example")
        registering.send_links("camille@collines.example", now=timezone.now())
        subjects = [folded(email.subject) for email in Message.objects.order_by("pk")][:2]
        links = folded(Message.objects.latest("pk").text)

        for hours, subject in zip(("de 9 h à 12 h", "de 14 h à 17 h"), subjects, strict=True):
            assert subject.endswith(f" {today(60).year}, {hours}")
            assert links.count(hours) == 1
        assert messages()[-1][1] == "Liens vers vos pages personnelles (2 inscriptions)"

    def test_for_the_team(self, coordination: Client, twins: list[TrainingSession]) -> None:
        for session in twins:
            registered(session)

        for path in ("registration/", "trainingsession/"):
            page = folded(pages.main(coordination.get(f"/admin/sessions_app/{path}")))
            assert [hours in page for hours in ("de 9 h à 12 h", "de 14 h à 17 h")] == [True, True]


class TestPastMidnight:
    def test_it_is_under_way_until_it_ends(self) -> None:
        session = make_session(starts_at=time(18), ends_at=time(0, 30))
        reread = TrainingSession.objects.with_seats_and_days().get(pk=session.pk)

        assert [reread.state(paris(*at)).code for at in ((2017, 4, 13, 0, 29, 59), (2017, 4, 13, 0, 30))] == [
            StateCode.UNDER_WAY,
            StateCode.PAST,
        ]

    def test_it_is_said_as_it_is(self, client: Client) -> None:
        session = open_session(starts_at=time(18), ends_at=time(0, 30))

        assert "de 18 h à 0 h 30" in folded(pages.main(client.get(session.get_absolute_url())))


#: What no form lets through, but a database may hold: table, column and value, and what puts it right.
SPOILT = {
    "slug": ("trainingsession", "slug", "pas une adresse", "une-adresse"),
    "date": ("sessionday", "date", "2099-02-31", "2099-02-28"),
    "date gone by": ("sessionday", "date", "2017-02-31", "2099-02-28"),
    "year": ("sessionday", "date", "0001-01-01", "2099-02-28"),
    "hour": ("sessionday", "starts_at", "25:61:00", "9:30"),
    "deadline": ("trainingsession", "registration_deadline", "2017-02-31", "2099-01-31"),
}


def spoil(session: TrainingSession, what: str) -> None:
    table, column, value, _ = SPOILT[what]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        key = "session_id" if table == "sessionday" else "id"
        cursor.execute(f"UPDATE sessions_app_{table} SET {column} = %s WHERE {key} = %s", [value, session.pk])  # noqa: S608
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


@pytest.mark.parametrize("what", SPOILT)
class TestABrokenRow:
    """It is left out, logged, and shown to the team; everything else goes on (J4)."""

    @pytest.fixture
    def broken(self, what: str) -> TrainingSession:
        if what != "slug" and connection.vendor != "sqlite":
            pytest.skip("PostgreSQL refuses such a date")
        session = open_session(title="Illisible", fee_required=True)
        registered(session, email="camille@structure.example")
        spoil(session, what)
        return session

    def test_lists_go_on_without_it(self, client: Client, broken: TrainingSession) -> None:
        open_session(title="Lisible")

        home, feed = client.get("/"), client.get("/sessions.ics")

        assert client.get("/sitemap.xml").status_code == 200
        assert ("Lisible" in pages.main(home), "Illisible" in pages.main(home)) == (True, False)
        assert (b"SUMMARY:Lisible" in feed.content, b"Illisible" in feed.content) == (True, False)

    def test_the_worker_goes_on_without_it(self, broken: TrainingSession) -> None:
        registration = make_registration(make_session())

        agenda.run(now=paris(2017, 4, 5, 8))

        assert messages()[-1] == (registration.email, "Convocation")

    def test_links_and_covers_go_on_without_it(self, broken: TrainingSession) -> None:
        """Somebody registered for it and for another session."""
        person = registered(open_session(fee_required=True), email="camille@structure.example")
        LinkRequest.objects.create(email=person.email, asked_at=timezone.now())
        registering.answer_link_requests(now=timezone.now())
        make_fee(
            make_member(emails=(person.email,)), category=make_category(campaign=make_campaign(year=today(60).year))
        )

        assert [subject for to, subject in messages() if to == person.email][-2:] == [
            "Lien vers votre page personnelle",
            "Cotisation à jour, inscription confirmée",
        ]

    def test_the_team_s_lists_go_on_without_it(self, coordination: Client, broken: TrainingSession) -> None:
        registered(open_session(title="Lisible", fee_required=True))

        for path in ("trainingsession/", "registration/"):
            page = coordination.get(f"/admin/sessions_app/{path}")
            assert ["Lisible" in " ".join(row) for row in table(page)] == [True]
            assert notices(page) == [
                "Une session illisible est laissée de côté : l’accueil de la coordination dit laquelle."
            ]
        assert "Lisible" in pages.main(coordination.get("/admin/sessions_app/registration/a-rattacher/"))

    def test_its_own_page_asks_for_what_cannot_be_read(
        self, coordination: Client, broken: TrainingSession, what: str
    ) -> None:
        path = f"/admin/sessions_app/trainingsession/{broken.pk}/change/"
        _, column, spoilt, right = SPOILT[what]
        page = coordination.get(path)
        assert f"Illisible : « {spoilt} »." in folded(pages.main(page))
        [name] = [name for name in typed(page) if name.endswith(column)]

        assert "errornote" in coordination.post(path, {name: spoilt}).content.decode()
        page = coordination.post(path, {name: right}, follow=True)

        assert notices(page) == ["La session peut de nouveau être lue : relisez-la."]
        assert typed(page)["title"] == "Illisible"
        assert "Illisible" in pages.main(coordination.get("/admin/sessions_app/trainingsession/"))

    def test_the_team_reads_which(self, coordination: Client, broken: TrainingSession) -> None:
        [heading] = [h for h in home.to_do(timezone.now()) if h.title == "Sessions illisibles"]

        assert [line.text for line in heading.lines] == [f"Session n°\u00a0{broken.pk}"]
        assert "Sessions illisibles" in pages.main(coordination.get("/admin/"))
