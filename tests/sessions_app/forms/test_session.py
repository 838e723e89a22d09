"""A session typed: what is enough for a draft, what is put right, what must agree, what is said of a published one."""

from datetime import date, time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.forms import inlineformset_factory
from django.test import Client

from sessions_app import deciding
from sessions_app.forms import (
    SessionDayFormSet,
    TrainingSessionForm,
)
from sessions_app.models import SessionDay, Trainer, TrainingSession
from tests.factories import (
    NOW,
    make_registration,
    make_session,
    make_trainer,
)
from tests.support.announced import open_session, session_in, today
from tests.support.office import complaints, notices, send
from tests.support.pages import main

pytestmark = pytest.mark.django_db

SESSIONS = "/admin/sessions_app/trainingsession/"


TRAINERS = "/admin/sessions_app/trainer/"


class TestSession:
    def form(self, session: TrainingSession, **fields: Any) -> TrainingSessionForm:
        empty = TrainingSessionForm(instance=session)
        data = {name: value for name, value in empty.initial.items() if value is not None}
        return TrainingSessionForm({**data, **fields}, instance=session)

    def test_cap_is_never_below_the_seats_held(self) -> None:
        """R3."""
        session = make_session(max_participants=3)
        for _ in range(3):
            make_registration(session)
        assert self.form(session, max_participants="3").is_valid()
        assert self.form(session, max_participants="").is_valid()
        assert self.form(session, max_participants="2").errors == {
            "max_participants": [
                "3 places sont déjà tenues\u00a0: indiquez au moins 3, ou annulez d’abord des inscriptions."
            ]
        }

    @pytest.mark.parametrize("value", ["0", "-1", "dix", "1e3", "9" * 400])
    def test_cap_is_a_number_of_people(self, value: str) -> None:
        assert list(self.form(make_session(), max_participants=value).errors) == ["max_participants"]

    def test_min_is_not_above_max(self) -> None:
        errors = self.form(make_session(), min_participants="11", max_participants="10").errors
        assert errors == {"__all__": ["Le nombre minimal de participants dépasse le nombre maximal."]}

    def days(self, session: TrainingSession, *dates: str, delete: str = "") -> list[str]:
        """The errors of the days of a session."""
        formset = inlineformset_factory(TrainingSession, SessionDay, formset=SessionDayFormSet, fields="__all__")
        data = {"days-TOTAL_FORMS": str(len(dates)), "days-INITIAL_FORMS": "0"}
        for number, day in enumerate(dates):
            data |= {f"days-{number}-date": day, f"days-{number}-starts_at": "9:30"}
            if day == delete:
                data[f"days-{number}-DELETE"] = "on"
        return list(formset(data, instance=session, prefix="days").non_form_errors())

    def test_a_published_session_has_a_day(self) -> None:
        published = make_session(days=(), registration_deadline=None)
        draft = make_session(days=(), registration_deadline=None, status="draft")
        missing = ["Indiquez au moins une journée avant de publier la session."]
        assert self.days(published) == missing
        assert self.days(published, "2017-04-12", delete="2017-04-12") == missing
        assert self.days(published, "2017-04-12") == []
        assert self.days(draft) == []

    def test_deadline_comes_before_the_first_day(self) -> None:
        session = make_session(days=(), registration_deadline=date(2017, 4, 5))
        late = ["La date limite d’inscription tombe après le début de la session."]
        assert self.days(session, "2017-04-05", "2017-05-01") == []
        assert self.days(session, "2017-05-01", "2017-04-04") == late


def address(session: TrainingSession, page: str = "change/") -> str:
    """A page of this session in the admin."""
    return f"{SESSIONS}{session.pk}/{page}"


class TestADraft:
    """R27: a title is enough."""

    def test_a_title_only_then_a_day(self, coordination: Client) -> None:
        saved = send(coordination, f"{SESSIONS}add/", title="Coopérer")
        assert complaints(saved) == []
        session = TrainingSession.objects.get()
        assert (session.status, session.slug, session.days.count()) == ("draft", "cooperer", 0)

        again = send(coordination, address(session), subtitle="entre acteurs")
        dated = send(
            coordination, address(session), **{"days-0-date": today(60).isoformat(), "days-0-starts_at": "9h30"}
        )

        assert complaints(again) == complaints(dated) == []
        assert [day.date for day in session.days.all()] == [today(60)]

    @pytest.mark.parametrize(
        ("typed", "sentences"),
        [
            ({"title": ""}, ["Donnez un titre : il suffit à enregistrer un brouillon."]),
            (
                {"days-0-date": "12/04/2030"},
                ["Indiquez l’heure de début de cette journée."],
            ),
            (
                {"days-0-starts_at": "9h30"},
                ["Indiquez la date de cette journée, ou videz toute la ligne."],
            ),
            ({"status": "published"}, ["Indiquez au moins une journée avant de publier la session."]),
            (
                {"min_participants": "8 à 10"},
                [
                    "Un seul nombre par case, en chiffres : pour « 8 à 10 participants », "
                    "8 dans « au moins » et 10 dans « au plus »."
                ],
            ),
            ({"training_hours": "7 h"}, ["Écrivez un nombre d’heures, par exemple 7 ou 6,5."]),
            (
                {"slug": "prise"},
                ["Une autre session a déjà cette adresse de page : changez-la, ou videz ce champ."],
            ),
            (
                {"programme": "voir [le plan](plan.pdf)"},
                [
                    "Le lien « le plan » mène à « plan.pdf », qui n’est pas une adresse complète : "
                    "commencez-la par https://, ou par / pour une page de ce site."
                ],
            ),
        ],
    )
    def test_what_is_missing_is_said_once(
        self, coordination: Client, typed: dict[str, str], sentences: list[str]
    ) -> None:
        make_session(slug="prise")

        page = send(coordination, f"{SESSIONS}add/", **{"title": "Coopérer", **typed})

        assert complaints(page) == sentences
        assert TrainingSession.objects.count() == 1

    def test_hours_with_a_comma_and_a_long_type(self, coordination: Client) -> None:
        kind = "cycle de formation-action à destination des élu·e·s et des technicien·ne·s"

        assert complaints(send(coordination, f"{SESSIONS}add/", title="A", training_hours="6,5", kind=kind)) == []

        session = TrainingSession.objects.get()
        assert (float(session.training_hours or 0), session.kind) == (6.5, kind)

    def test_the_address_follows_the_title(self, coordination: Client) -> None:
        make_session(slug="animer-2018")
        session = make_session(title="Coopérer", slug="cooperer-2018", status="draft")
        own = make_session(title="Coopérer", slug="notre-adresse", status="draft")
        announced = open_session(title="Coopérer", slug="cooperer-2019")

        for one in (session, own, announced):
            send(coordination, address(one), title="Animer")

        slugs = [TrainingSession.objects.get(pk=one.pk).slug for one in (session, own, announced)]
        assert slugs == ["animer-2018-2", "notre-adresse", "cooperer-2019"]

    def test_a_copy_of_a_session_without_day_asks_its_hour(self, coordination: Client) -> None:
        session = make_session(title="Coopérer", days=(), status="draft")

        page = send(coordination, address(session, "dupliquer/"), first_on="2031-04-12", starts_at="9h30")

        copy = TrainingSession.objects.exclude(pk=session.pk).get()
        assert complaints(page) == []
        assert [(day.date, day.starts_at) for day in copy.days.all()] == [(date(2031, 4, 12), time(9, 30))]


class TestPastedText:
    """F3: put in our own form, and said."""

    def test_what_was_changed_is_said(self, coordination: Client) -> None:
        session = open_session()

        page = send(coordination, address(session), programme="•\tUn\r\no\tDeux", about="Rien\r\nà dire")

        session.refresh_from_db()
        assert (session.programme, session.about) == ("- Un\n  - Deux", "Rien\nà dire")
        assert notices(page)[0] == "Texte collé, mis en forme – Au programme : puces devenues des listes."


class TestTheLookBeforePublishing:
    """F2: the page and the flyer of a draft, for the team only."""

    @pytest.fixture
    def draft(self, me: Trainer) -> TrainingSession:
        return make_session(title="Titre secret", slug="secret", status="draft", trainers=(me,))

    @pytest.mark.parametrize("path", ["/sessions/secret/", "/sessions/secret/fiche.pdf"])
    def test_who_sees_it(
        self, client: Client, coordination: Client, trainer: Client, draft: TrainingSession, path: str
    ) -> None:
        answers = [browser.get(path) for browser in (coordination, trainer, client)]
        draft.session_trainers.all().delete()
        answers.append(trainer.get(path))

        assert [answer.status_code for answer in answers] == [200, 200, 404, 404]
        assert {"private", "no-store"} <= set(answers[0].headers["Cache-Control"].split(", "))
        assert b"Titre secret" not in answers[2].content + answers[3].content

    def test_it_says_that_it_is_one(self, coordination: Client, draft: TrainingSession) -> None:
        form = coordination.get(address(draft))
        page = main(coordination.get("/sessions/secret/"))

        assert "Aperçu de la page" in main(form)
        assert "Aperçu de la fiche" in main(form)
        assert page.startswith("Brouillon : vous seul·e·s, dans l’équipe, voyez cette page.")
        assert "agenda" not in page
        assert "Aperçu" not in main(coordination.get(address(open_session())))


class TestPublishing:
    """What is missing or odd is said, never refused."""

    @pytest.mark.parametrize(
        ("fields", "advice"),
        [
            (
                {"place": "", "contact_name": "", "contact_phone": "", "contact_email": ""},
                ["La session est publiée ; il y manque peut-être le lieu, un contact, un texte de présentation."],
            ),
            ({"audience": "Tout le monde"}, []),
            (
                {"audience": "Tout le monde", "registration_deadline": today()},
                ["La session est publiée, mais personne ne peut s’inscrire. Les inscriptions sont closes depuis"],
            ),
        ],
    )
    def test_advice(self, coordination: Client, fields: dict[str, Any], advice: list[str]) -> None:
        session = open_session(status="draft", **fields)

        said = notices(send(coordination, address(session), status="published"))

        assert [sentence[: len(wanted)] for sentence, wanted in zip(said[:-1], advice, strict=True)] == advice
        assert TrainingSession.objects.get().status == "published"

    def test_moved_it_says_when_it_was_to_be(self, client: Client) -> None:
        session = make_session(days=(date(2031, 4, 12),), registration_deadline=None)
        for first_on in (date(2031, 5, 12), date(2031, 6, 12)):
            deciding.postpone(session, first_on=first_on, now=NOW)

        assert "12 juin 2031 de 9 h 30 à 17 h 30 initialement prévue le 12 avril 2031" in main(
            client.get(session.get_absolute_url())
        )

    def test_a_past_session_no_longer_takes_registrations(self, client: Client) -> None:
        assert "nscription en ligne" not in main(client.get(session_in("past").get_absolute_url()))


class TestTrainers:
    """One person is one row, unless it really is somebody else."""

    def test_the_same_name_is_asked_about(self, coordination: Client, account: User) -> None:
        make_trainer(name="Rémy Bèx", organisation="Cap Rural")

        refused = complaints(send(coordination, f"{TRAINERS}add/", name="remy bex"))
        accepted = complaints(send(coordination, f"{TRAINERS}add/", name="remy bex", is_another="on"))

        assert refused == [
            "« Rémy Bèx, Cap Rural » existe déjà : choisissez cette fiche dans la session. "
            "Si c’est quelqu’un d’autre, cochez la case ci-dessous."
        ]
        assert accepted == []
        assert Trainer.objects.count() == 2
