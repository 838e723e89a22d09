"""The decision from the admin: shown as it will happen, then done (R5); and the changes made by hand (R19)."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from caprural import agenda, typography
from caprural.mailing.models import Message
from sessions_app import deciding, registering, reminding
from sessions_app.models import Registration, Trainer, TrainingSession
from tests.factories import make_campaign, make_category, make_fee, make_member
from tests.support.announced import open_session, registered, session_in, today
from tests.support.office import complaints, notices, send, typed
from tests.support.pages import by_id, links, main, rows, text, tree
from tests.support.traces import folded, messages, status_of, statuses, told

pytestmark = pytest.mark.django_db

ACTS = ("maintenir/", "reporter/", "annuler/")


def address(session: TrainingSession, page: str = "change/") -> str:
    return f"/admin/sessions_app/trainingsession/{session.pk}/{page}"


def preview(page: Any) -> list[str]:
    """Who is told, as the page shows them."""
    found = [element for element in tree(page).iter("section") if element.get("class") == "preview"]
    return [folded(text(item)) for section in found for item in section.findall("ul")[:1] for item in item.iter("li")]


def confirm(client: Client, path: str, page: Any) -> Any:
    """Press the button that does it."""
    return client.post(path, {**typed(page), "confirm": "oui"}, follow=True)


def decided() -> dict[str, Any]:
    """The database, but for what a page read in the admin leaves behind."""
    return {label: found for label, found in rows().items() if label not in ("sessions.Session", "admin.LogEntry")}


@pytest.fixture
def session() -> TrainingSession:
    """Closed below its minimum: two seats held, and one person who waits."""
    session = open_session(
        title="Coopérer", max_participants=2, days=(today(20), today(21)), registration_deadline=today(1)
    )
    for name in ("A", "B", "C"):
        registered(session, last_name=name, email=f"{name.lower()}@collines.example")
    TrainingSession.objects.update(min_participants=8, max_participants=10, registration_deadline=today())
    Message.objects.all().delete()
    session.refresh_from_db()
    return session


class TestTheSessionPage:
    def test_a_banner_when_a_decision_is_awaited(self, coordination: Client, session: TrainingSession) -> None:
        page = tree(coordination.get(address(session)))

        [banner] = [element for element in page.iter("section") if element.get("class") == "decision"]
        assert folded(text(banner)).startswith(
            "Une décision est attendue Les inscriptions sont closes avec 2 places tenues pour 8 participants au moins."
        )
        assert links(banner) == {
            "Maintenir": address(session, "maintenir/"),
            "Reporter": address(session, "reporter/"),
            "Annuler la session": address(session, "annuler/"),
        }

    def test_a_banner_without_deadline(self, coordination: Client, session: TrainingSession) -> None:
        TrainingSession.objects.update(registration_deadline=None, decision_days=30)

        page = tree(coordination.get(address(session)))

        [banner] = [element for element in page.iter("section") if element.get("class") == "decision"]
        assert folded(text(banner)).startswith(
            "Une décision est attendue La session approche avec 2 places tenues pour 8 participants au moins."
        )

    @pytest.mark.parametrize(
        ("state", "fields", "acts"),
        [
            ("open", {}, {"Maintenir", "Reporter", "Annuler la session"}),
            ("open", {"maintained_at": timezone.now()}, {"Reporter", "Annuler la session"}),
            ("postponed", {}, {"Fixer la nouvelle date", "Annuler la session"}),
            ("cancelled", {}, set()),
            ("under_way", {}, set()),
            ("past", {}, set()),
            ("open", {"status": "draft"}, set()),
        ],
    )
    def test_only_what_may_be_decided_is_offered(
        self, coordination: Client, state: str, fields: dict[str, Any], acts: set[str]
    ) -> None:
        page = tree(coordination.get(address(session_in(state, **fields))))

        assert links(page).keys() & {"Maintenir", "Reporter", "Fixer la nouvelle date", "Annuler la session"} == acts
        assert not [element for element in page.iter("section") if element.get("class") == "decision"]


class TestMaintaining:
    def test_shown_then_done(self, coordination: Client, session: TrainingSession) -> None:
        before = decided()
        page = coordination.get(address(session, "maintenir/"))

        assert decided() == before
        assert preview(page) == ["Camille A a@collines.example", "Camille B b@collines.example"]
        assert by_id(tree(page), "content-main").findall(".//input[@name='confirm']")[0].get("value") == (
            "Maintenir la session et prévenir 2 personnes"
        )

        done = confirm(coordination, address(session, "maintenir/"), page)

        assert notices(done) == ["La session est maintenue. 2 personnes reçoivent un message."]
        assert [address for address, _ in messages()] == ["a@collines.example", "b@collines.example"]
        session.refresh_from_db()
        assert session.maintained_at is not None
        assert "Une décision est attendue" not in main(done)
        assert "session maintenue" in main(done)

    def test_a_double_click_writes_once(self, coordination: Client, session: TrainingSession) -> None:
        page = coordination.get(address(session, "maintenir/"))
        confirm(coordination, address(session, "maintenir/"), page)
        again = confirm(coordination, address(session, "maintenir/"), page)

        [said] = notices(again)
        assert said.startswith("Cette session est déjà maintenue. Dernier acte")
        assert "« Maintenir la session », par coordination, " in said
        assert len(messages()) == 2

    def test_someone_came_in_the_meantime_it_is_shown_again(
        self, coordination: Client, session: TrainingSession
    ) -> None:
        page = coordination.get(address(session, "maintenir/"))
        TrainingSession.objects.update(registration_deadline=today(10))
        registering.review(session, now=timezone.now())
        Message.objects.all().delete()

        again = confirm(coordination, address(session, "maintenir/"), page)

        assert notices(again) == ["Quelque chose a changé depuis la prévisualisation : relisez, puis confirmez."]
        assert len(preview(again)) == 3
        assert messages() == []
        confirm(coordination, address(session, "maintenir/"), again)
        assert len(messages()) == 3


class TestPostponing:
    def test_to_another_day(self, coordination: Client, session: TrainingSession) -> None:
        path = address(session, "reporter/")
        before = decided()
        asked = coordination.get(path)
        assert preview(asked) == []
        shown = coordination.post(path, {**typed(asked), "first_on": today(40).isoformat()})

        assert decided() == before
        assert preview(shown) == [f"Camille {name} {name.lower()}@collines.example" for name in "ABC"]
        assert by_id(tree(shown), "id_first_on").get("value") == today(40).isoformat()

        done = confirm(coordination, path, shown)

        assert notices(done) == ["La session est reportée. 3 personnes reçoivent un message."]
        assert list(session.days.values_list("date", flat=True)) == [today(40), today(41)]
        session.refresh_from_db()
        assert (session.status, session.registration_deadline) == ("published", today(20))
        assert {status for _, status in statuses(session)} == {"confirmed"}

    def test_a_double_click_writes_once(self, coordination: Client, session: TrainingSession) -> None:
        path = address(session, "reporter/")
        shown = coordination.post(path, {"first_on": today(40).isoformat()})
        confirm(coordination, path, shown)
        again = confirm(coordination, path, shown)

        assert notices(again)[0].startswith("La session commence déjà ce jour-là. Dernier acte")
        assert len(messages()) == 4

    def test_to_a_date_to_come(self, coordination: Client, session: TrainingSession) -> None:
        path = address(session, "reporter/")
        shown = coordination.post(path, typed(coordination.get(path)))
        assert len(preview(shown)) == 3

        done = confirm(coordination, path, shown)

        session.refresh_from_db()
        assert session.status == "postponed"
        assert "Reportée" in main(done)
        again = confirm(coordination, path, shown)
        [said] = notices(again)
        assert said.startswith("Rien n’a été fait : la page était ouverte depuis. Cette session est reportée")
        assert "« Reporter la session », par coordination, " in said
        assert again.redirect_chain == [(address(session), 302)]
        assert len(messages()) == 3

    def test_then_the_new_date(self, coordination: Client, session: TrainingSession) -> None:
        """One act, from the session: what is proposed is shown, then people are told and the session is published."""
        deciding.postpone(session, first_on=None, now=timezone.now())
        Message.objects.all().delete()
        path = links(tree(coordination.get(address(session))))["Fixer la nouvelle date"]
        asked = coordination.get(path)
        assert "Laisser vide : 20 jours avant le premier jour" in main(asked)
        assert complaints(coordination.post(path, typed(asked))) == ["Indiquez le nouveau premier jour."]

        shown = coordination.post(path, {**typed(asked), "first_on": today(60).isoformat()})

        days = " et ".join(f"le {folded(typography.long_date(today(day)))}" for day in (60, 61))
        assert f"La session aura lieu {days}, inscription avant le " in main(shown)
        assert len(preview(shown)) == 3
        done = confirm(coordination, path, shown)
        assert notices(done) == [
            "La nouvelle date est fixée, la session est publiée. 3 personnes reçoivent un message."
        ]
        session.refresh_from_db()
        assert (session.status, session.registration_deadline) == ("published", today(40))

    @pytest.mark.parametrize(
        ("first_on", "deadline", "sentence"),
        [
            (None, today(30), "Indiquez aussi le nouveau premier jour, ou videz la date limite."),
            (today(40), today(41), "La date limite d’inscription tombe après le début de la session."),
        ],
    )
    def test_a_deadline_that_makes_no_sense(
        self, coordination: Client, session: TrainingSession, first_on: Any, deadline: Any, sentence: str
    ) -> None:
        page = coordination.post(address(session, "reporter/"), {"first_on": first_on or "", "deadline": deadline})

        assert complaints(page) == [sentence]

    def test_it_was_postponed_elsewhere_since_it_was_shown(
        self, coordination: Client, session: TrainingSession
    ) -> None:
        """Whoever cancels or confirms what they read of a session learns that it moved meanwhile."""
        page = coordination.get(address(session, "annuler/"))
        elsewhere = address(session, "reporter/")
        confirm(coordination, elsewhere, coordination.post(elsewhere, {"first_on": today(40).isoformat()}))

        again = confirm(coordination, address(session, "annuler/"), page)

        assert "Dernier acte : « Reporter la session », par coordination, " in notices(again)[-1]
        session.refresh_from_db()
        assert session.status == "published"

    def test_another_date_than_the_one_shown_is_shown_first(
        self, coordination: Client, session: TrainingSession
    ) -> None:
        path = address(session, "reporter/")
        shown = coordination.post(path, {"first_on": today(40).isoformat()})
        before = decided()

        again = coordination.post(path, {**typed(shown), "first_on": today(50).isoformat(), "confirm": "oui"})

        assert notices(again) == ["Quelque chose a changé depuis la prévisualisation : relisez, puis confirmez."]
        assert by_id(tree(again), "id_first_on").get("value") == today(50).isoformat()
        assert decided() == before

    @pytest.mark.parametrize(
        ("first_on", "sentence"),
        [
            (today(), "Choisissez un jour à venir."),
            (today(-10), "Choisissez un jour à venir."),
            ("demain", "Écrivez une date, par exemple 12/04/2027."),
        ],
    )
    def test_a_day_that_makes_no_sense(
        self, coordination: Client, session: TrainingSession, first_on: Any, sentence: str
    ) -> None:
        before = decided()

        page = coordination.post(address(session, "reporter/"), {"first_on": str(first_on), "confirm": "oui"})

        assert [folded(said) for said in complaints(page)] == [sentence]
        assert decided() == before


class TestCancelling:
    def test_shown_then_done(self, coordination: Client, session: TrainingSession) -> None:
        path = address(session, "annuler/")
        before = decided()
        page = coordination.get(path)
        assert decided() == before
        assert len(preview(page)) == 3

        done = confirm(coordination, path, page)

        assert notices(done) == ["La session est annulée. 3 personnes reçoivent un message."]
        assert {status for _, status in statuses(session)} == {"cancelled"}
        assert [told(registration) for registration in session.registrations.all()] == [["Session annulée"]] * 3

    def test_nobody_to_tell(self, coordination: Client) -> None:
        session = open_session()
        page = coordination.get(address(session, "annuler/"))
        assert "Personne n’est à prévenir" in main(page)

        done = confirm(coordination, address(session, "annuler/"), page)

        assert notices(done) == ["La session est annulée. Personne n’était à prévenir."]


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("state", ["past", "under_way", "cancelled"])
def test_too_late_is_said(coordination: Client, act: str, state: str) -> None:
    session = session_in(state)
    before = decided()

    page = coordination.post(address(session, act), {"first_on": today(90).isoformat()}, follow=True)

    assert page.redirect_chain == [(address(session), 302)]
    [sentence] = notices(page)
    assert sentence.startswith(("Cette décision n’est plus possible.", "Cette session ne peut pas être annulée."))
    assert decided() == before


@pytest.mark.parametrize("act", ACTS)
def test_trainers_decide_nothing(trainer: Client, me: Trainer, session: TrainingSession, act: str) -> None:
    mine = open_session(trainers=(me,))
    before = decided()

    answers = [
        method(address(which, act)).status_code for which in (mine, session) for method in (trainer.get, trainer.post)
    ]

    assert answers == [403, 403, 404, 404]
    assert decided() == before
    assert not links(tree(trainer.get(address(mine)))).keys() & {"Maintenir", "Reporter", "Annuler la session"}


def test_reading_writes_and_locks_nothing(coordination: Client, session: TrainingSession) -> None:
    """Not even to undo it: on SQLite it would keep everybody else from writing."""
    fee = make_fee(make_member(emails=("a@collines.example",)))
    pages = [address(session, act) for act in ACTS]
    pages += [
        f"/admin/members/membershipfee/{fee.pk}/annuler/",
        f"/admin/members/feecampaign/{fee.campaign_id}/reconduire/",
    ]
    done = {}
    for page in pages:
        with CaptureQueriesContext(connection) as queries:
            assert coordination.get(page).status_code == 200
        done[page] = [
            q["sql"] for q in queries if not q["sql"].lstrip("(").startswith("SELECT") or "FOR UPDATE" in q["sql"]
        ]

    assert done == {page: [] for page in pages}


@pytest.mark.parametrize("act", ["annuler/", "maintenir/"])
def test_as_many_queries_to_read_for_one_person_as_for_fifty(
    coordination: Client, session: TrainingSession, act: str
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            coordination.get(address(session, act))
        return len(queries)

    TrainingSession.objects.update(max_participants=None, registration_deadline=today(10))
    few = cost()
    for _ in range(47):
        registered(session)

    assert cost() == few


def test_postponing_says_who_would_not_be_covered_any_more(coordination: Client) -> None:
    session = open_session(title="Coopérer", fee_required=True)
    campaign = make_campaign(name="Deux mois", starts_on=today(0), ends_on=today(65))
    make_fee(make_member(emails=("a@collines.example",)), category=make_category(campaign=campaign))
    person = registered(session, last_name="A", email="a@collines.example")

    shown = [coordination.post(address(session, "reporter/"), {"first_on": today(day).isoformat()}) for day in (62, 90)]

    assert ["ne sera plus couverte" in main(page) for page in shown] == [False, True]
    confirm(coordination, address(session, "reporter/"), shown[1])
    assert status_of(person) == "awaiting_fee"


class TestChangesByHand:
    """R19: another date, hour or place of a session people are registered for is announced, once things are quiet."""

    @pytest.fixture
    def planned(self) -> TrainingSession:
        session = open_session(title="Coopérer", exact_address="Salle des fêtes")
        registered(session)
        return session

    def noted(self, session: TrainingSession) -> tuple[bool, int]:
        found = TrainingSession.objects.get(pk=session.pk)
        return found.changed_at is not None, found.calendar_sequence

    @pytest.mark.parametrize(
        "changes",
        [
            {"days-0-date": today(61).isoformat()},
            {"days-0-starts_at": "10:00"},
            {"days-0-ends_at": ""},
            {"days-0-place": "Mairie"},
            {"place": "à Lyon"},
            {"exact_address": "Mairie"},
            {"exact_address": "Mairie", "place": "à Lyon", "days-0-starts_at": "10:00"},
            {"days-0-starts_at": "18:00", "days-0-ends_at": "00:30"},
        ],
    )
    def test_is_announced_once_per_save(
        self, coordination: Client, planned: TrainingSession, changes: dict[str, str]
    ) -> None:
        page = send(coordination, address(planned), _continue="1", **changes)

        assert complaints(page) == []
        assert self.noted(planned) == (True, 1)
        assert notices(page)[0] == (
            "1 personne inscrite sera prévenue de ce changement dans 15 minutes, "
            "sauf si vous modifiez encore la session."
        )

    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"title": "Coopérer mieux", "programme": "Autre chose", "max_participants": "12"},
            {"days-0-starts_at": "9h30", "place": " à proximité de Givors (69) "},
            {"registration_deadline": today(40).isoformat(), "joining_on": today(45).isoformat()},
        ],
    )
    def test_nothing_of_the_sort_announces_nothing(
        self, coordination: Client, planned: TrainingSession, changes: dict[str, str]
    ) -> None:
        page = send(coordination, address(planned), **changes)

        assert complaints(page) == []
        assert self.noted(planned) == (False, 0)

    @pytest.mark.parametrize("fields", [{"status": "draft"}, {"days": (today(-1), today(3))}])
    def test_nobody_is_told_of_a_draft_nor_once_it_has_begun(
        self, coordination: Client, fields: dict[str, Any]
    ) -> None:
        session = open_session(registration_deadline=None)
        registered(session)
        TrainingSession.objects.update(status=fields.get("status", "published"))
        if "days" in fields:
            session.days.update(date=today(-1))
            session.days.create(date=today(3), starts_at="09:00")

        page = send(coordination, address(session), place="à Lyon")

        assert complaints(page) == []
        assert TrainingSession.objects.get().place == "à Lyon"
        assert self.noted(session) == (False, 0)

    def test_undone_at_once_it_reaches_nobody_and_the_calendar_follows(
        self, coordination: Client, planned: TrainingSession
    ) -> None:
        send(coordination, address(planned), place="à Lyon")
        page = send(coordination, address(planned), _continue="1", place=planned.place)

        assert notices(page)[0] == "Personne ne sera prévenu : chaque personne inscrite sait déjà ce qui vaut."
        assert self.noted(planned) == (True, 2)

    def test_a_day_removed_is_announced_and_cancelled(self, coordination: Client) -> None:
        session = open_session(days=(today(60), today(61)))
        registered(session)

        page = send(coordination, address(session), _continue="1", **{"days-1-DELETE": "on"})

        assert complaints(page) == []
        assert notices(page)[0].startswith("1 personne inscrite sera prévenue")
        assert [day.date for day in session.removed_days.all()] == [today(61)]
        agenda.run(now=timezone.now() + reminding.QUIET_BEFORE_ANNOUNCING)
        letter = Message.objects.latest("pk").text.replace("\u00a0", " ")
        assert f"– Journée supprimée : {typography.long_date(today(61))}\n".replace("\u00a0", " ") in letter

    def test_a_day_that_overlaps_the_next_is_refused(self, coordination: Client) -> None:
        """A day may end past midnight, not after the next one has begun."""
        session = open_session(days=(today(60), today(61)))
        night = {"days-0-starts_at": "18:00", "days-0-ends_at": "10:00"}

        refused = complaints(send(coordination, address(session), **night))
        accepted = complaints(send(coordination, address(session), **night, **{"days-1-starts_at": "10:00"}))

        first, second = (typography.long_date(today(day)) for day in (60, 61))
        assert [folded(said) for said in refused] == [
            folded(f"Le {first} finit le lendemain à 10 h, alors que le {second} a déjà commencé à 9 h 30 : ")
            + "corrigez les horaires de l’une de ces deux journées."
        ]
        assert accepted == []

    @pytest.mark.parametrize(
        ("changes", "complaint"),
        [
            ({"joining_on": 60}, "« Convocation à envoyer le » : choisissez un jour avant le"),
            ({"fee_due_on": 61}, "« Cotisation à recevoir au plus tard le » : choisissez un jour avant le"),
            ({"joining_on": 59, "fee_due_on": 59}, ""),
        ],
    )
    def test_what_comes_too_late_is_refused(
        self, coordination: Client, planned: TrainingSession, changes: dict[str, int], complaint: str
    ) -> None:
        page = send(coordination, address(planned), **{name: today(n).isoformat() for name, n in changes.items()})

        assert [line[: len(complaint)] for line in complaints(page)] == [complaint] * bool(complaint)

    @pytest.mark.parametrize(
        ("changes", "complaint"),
        [
            ({"days-0-date": "12/04/0017"}, "Vérifiez l’année, en quatre chiffres : elle va de 2000 à 2100."),
            ({"registration_deadline": "05/04/0017"}, "Vérifiez l’année, en quatre chiffres : elle va de 2000 à 2100."),
            (
                {"days-0-starts_at": "9:30", "days-0-ends_at": "9:00"},
                "L’heure de fin précède l’heure de début : vérifiez-les. Une soirée peut finir après minuit, mais une "
                "journée ne dure pas plus de 16 heures.",
            ),
            ({"days-0-starts_at": "9:30", "days-0-ends_at": "9:30"}, "L’heure de fin doit suivre l’heure de début."),
        ],
    )
    def test_what_nobody_can_mean_is_refused(
        self, coordination: Client, planned: TrainingSession, changes: dict[str, str], complaint: str
    ) -> None:
        assert complaints(send(coordination, address(planned), **changes)) == [complaint]

    def test_nobody_to_tell(self, coordination: Client) -> None:
        session = open_session()
        send(coordination, address(session), place="à Lyon")

        assert self.noted(session) == (False, 0)

    def test_moved_by_hand_fees_are_awaited_longer(self, coordination: Client) -> None:
        session = open_session(fee_required=True)
        person = registered(session)
        send(
            coordination,
            address(session),
            **{"days-0-date": today(90).isoformat(), "registration_deadline": today(80).isoformat()},
        )

        person.refresh_from_db()
        assert person.fee_due_on == today(80)

    def test_other_hours_leave_the_fees_alone(self, coordination: Client) -> None:
        session = open_session(fee_required=True, registration_deadline=today(2))
        person = registered(session)
        Registration.objects.update(fee_due_on=today(1))
        send(coordination, address(session), **{"days-0-starts_at": "10:00"})

        person.refresh_from_db()
        assert person.fee_due_on == today(1)

    def test_a_decision_taken_since_the_page_was_read_stays(
        self, coordination: Client, planned: TrainingSession
    ) -> None:
        """The form writes what was edited, not the whole session."""
        sent_form = typed(coordination.get(address(planned)))
        deciding.maintain(planned, now=timezone.now())
        coordination.post(address(planned), {**sent_form, "title": "Coopérer mieux"})

        planned.refresh_from_db()
        assert planned.title == "Coopérer mieux"
        assert planned.maintained_at is not None


class TestTheStatusByHand:
    """Published or draft by hand; the rest is a decision, which writes to people."""

    def choices(self, client: Client, session: TrainingSession) -> list[str]:
        return [option.get("value", "") for option in by_id(tree(client.get(address(session))), "id_status")]

    @pytest.mark.parametrize(
        ("status", "offered"),
        [
            ("draft", ["draft", "published"]),
            ("published", ["draft", "published"]),
            ("postponed", ["postponed"]),
            ("cancelled", ["cancelled"]),
        ],
    )
    def test_what_is_offered(self, coordination: Client, status: str, offered: list[str]) -> None:
        session = open_session(status=status)

        assert self.choices(coordination, session) == offered
        for other in {"draft", "published", "postponed", "cancelled"} - set(offered):
            assert complaints(send(coordination, address(session), status=other)), other
        assert TrainingSession.objects.get().status == status

    def test_not_hidden_from_the_people_registered(self, coordination: Client) -> None:
        session = open_session()
        person = registered(session)

        refused = send(coordination, address(session), status="draft")
        cause = Registration.Cause.PARTICIPANT
        registering.cancel(person, cause=cause, now=timezone.now(), by=registering.PARTICIPANT)
        accepted = send(coordination, address(session), status="draft")

        assert complaints(refused) == [
            "Des personnes sont inscrites : reportez la session ou annulez-la, elles seront prévenues."
        ]
        assert complaints(accepted) == []
        assert TrainingSession.objects.get().status == "draft"

    def test_the_dates_of_a_postponed_session_are_prepared_in_silence(self, coordination: Client) -> None:
        session = open_session()
        registered(session)
        deciding.postpone(session, first_on=None, now=timezone.now())

        send(coordination, address(session), **{"days-0-date": today(70).isoformat()})

        assert session.days.get().date == today(70)
        assert TrainingSession.objects.get().changed_at is None
