"""Writing to the participants of a session, and sending a message again (R23)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from caprural import typography
from caprural.mailing import delivery, documents
from caprural.mailing.models import Message
from sessions_app import emails, registering, writing
from sessions_app.models import Registration, Trainer, TrainingSession
from tests.factories import make_campaign, make_category, make_fee, make_member, make_session, make_staff
from tests.support.announced import open_session, registered, session_in, today
from tests.support.office import complaints, notices, signed_in, typed
from tests.support.pages import LETTERS, by_id, links, main, rows, text, tree
from tests.support.together import at_once
from tests.support.traces import folded

SESSIONS = "/admin/sessions_app/trainingsession/"
REGISTRATIONS = "/admin/sessions_app/registration/"
TEXT = "Bonjour {prénom} {nom},\n\nÀ bientôt pour {session}, le {date}.\n{lien}"


def address(session: TrainingSession, page: str = "ecrire/") -> str:
    return f"{SESSIONS}{session.pk}/{page}"


def letters(page: Any) -> dict[str, str]:
    """Subject and text by person, as the page shows them."""
    found = tree(page).iter("details")
    return {
        text(letter.findall("summary")[0]).rpartition(" ")[2]: folded(
            " | ".join(text(part) for part in letter if part.tag in ("p", "div"))
        )
        for letter in found
    }


def show(client: Client, session: TrainingSession, **changes: Any) -> Any:
    """Type this, then « Prévisualiser »."""
    page = client.get(address(session))
    return client.post(address(session), {**ticked(page), "subject": "Objet", "text": TEXT, **changes})


def ticked(page: Any) -> dict[str, Any]:
    """What the form would send, every ticked box included."""
    boxes = [box.get("value") for box in by_id(tree(page), "content-main").iter("input") if "checked" in box.attrib]
    return {**typed(page), "statuses": boxes}


def confirm(client: Client, session: TrainingSession, page: Any, **changes: Any) -> Any:
    """Press « Envoyer »."""
    return client.post(address(session), {**ticked(page), "confirm": "oui", **changes}, follow=True)


def written() -> list[tuple[str, str]]:
    """Address and subject of each message that was written by hand."""
    found = Message.objects.filter(kind="written").order_by("pk")
    return [(message.to, message.subject) for message in found]


def state() -> dict[str, Any]:
    """The database, but for what a page read in the admin leaves behind."""
    return {label: found for label, found in rows().items() if label not in ("sessions.Session", "admin.LogEntry")}


@pytest.fixture
def session(db: None) -> TrainingSession:
    """Paid, awaiting a fee, and waiting."""
    category = make_category(campaign=make_campaign(year=today(60).year))
    make_fee(make_member(emails=("payee@collines.example",)), category=category)
    session = open_session(title="Coopérer", max_participants=2, fee_required=True)
    for number, name in enumerate(("payee", "due", "attend")):
        registered(session, first_name="Ada", last_name="ABC"[number], email=f"{name}@collines.example")
    return session


class TestTheFields:
    """What stands between braces becomes each person's own words; anything else there is an error."""

    def filled(self, text: str, **fields: Any) -> str:
        session = make_session(title="Coopérer {nom}", **fields)
        person = Registration(session=session, first_name="{nom}", last_name="Zola", token="a" * 32)
        return folded(writing.fill(text, person, TrainingSession.objects.with_seats_and_days().get()))

    @pytest.mark.django_db
    @pytest.mark.parametrize(
        ("typed_text", "read"),
        [
            ("{prénom}/{nom}", "{nom}/Zola"),
            ("{session}", "Coopérer {nom}"),
            ("{date}", "mercredi 12 avril 2017"),
            ("{lien}", "https://inscriptions.caprural.example/inscriptions/" + "a" * 32 + "/"),
            ("{ Nom }", "Zola"),
            ("{pre\u0301nom}", "{nom}"),
            ("{nom\n}", "{nom\n}"),
            ("rien", "rien"),
        ],
    )
    def test_are_filled_in_once(self, typed_text: str, read: str) -> None:
        writing.check(typed_text)
        assert self.filled(typed_text) == read

    @pytest.mark.django_db
    def test_a_date_to_come(self) -> None:
        assert self.filled("{date}", days=()) == "date à venir"

    @pytest.mark.parametrize("name", ["prenom", "token", "", "registration.token", "0", "nom!r"])
    def test_an_unknown_one_names_the_known_ones(self, name: str) -> None:
        with pytest.raises(writing.UnknownField) as refused:
            writing.check(f"Bonjour {{{name}}}")

        assert folded(str(refused.value)) == (
            f"« {{{name}}} » n’est pas un champ connu. "
            "Les champs connus sont {prénom}, {nom}, {session}, {date} et {lien}."
        )


@pytest.mark.django_db
class TestWriting:
    def test_each_reads_their_own_words(self, coordination: Client, session: TrainingSession) -> None:
        before = state()
        page = show(coordination, session, subject="{prénom}, rendez-vous")
        assert state() == before

        shown = letters(page)
        assert list(shown) == [f"{name}@collines.example" for name in ("payee", "due", "attend")]
        due = Registration.objects.get(last_name="B")
        day = folded(typography.long_date(today(60)))
        link = f"https://inscriptions.caprural.example{due.get_absolute_url()}"
        assert shown["due@collines.example"].startswith(
            f"Ada, rendez-vous | Bonjour Ada B, À bientôt pour Coopérer, le {day}. {link}"
        )

        done = confirm(coordination, session, page)

        assert notices(done) == ["C’est envoyé. 3 personnes reçoivent un message."]
        assert written() == [(name, "Ada, rendez-vous") for name in shown]
        email = Message.objects.filter(to="due@collines.example").latest("pk")
        assert folded(email.text).startswith(f"Bonjour Ada B,\n\nÀ bientôt pour Coopérer, le {day}.\n{link}\n")
        assert email.reply_to == "contact@caprural.example"

    def test_a_double_click_sends_once(self, coordination: Client, session: TrainingSession) -> None:
        page = show(coordination, session)
        confirm(coordination, session, page)
        again = confirm(coordination, session, page)

        [said] = notices(again)
        assert said.startswith("Ce message est déjà parti : il n’a pas été envoyé une seconde fois. Dernier acte")
        assert "par coordination, " in said
        assert len(written()) == 3

    def test_other_words_after_going_back_are_another_message(
        self, coordination: Client, session: TrainingSession
    ) -> None:
        page = show(coordination, session)
        confirm(coordination, session, page)

        other = coordination.post(address(session), {**ticked(page), "subject": "Autre objet"})
        confirm(coordination, session, other)

        assert [subject for _, subject in written()] == ["Objet"] * 3 + ["Autre objet"] * 3

    def test_the_same_words_may_be_sent_another_day(self, coordination: Client, session: TrainingSession) -> None:
        for _ in range(2):
            confirm(coordination, session, show(coordination, session))

        assert len(written()) == 6

    @pytest.mark.parametrize(
        ("statuses", "missing", "names"),
        [
            (["confirmed", "awaiting_fee", "waiting"], "", ["payee", "due", "attend"]),
            (["waiting"], "", ["attend"]),
            (["confirmed", "awaiting_fee"], "", ["payee", "due"]),
            (["confirmed", "awaiting_fee", "waiting"], "cotisation", ["due"]),
            (["confirmed", "awaiting_fee", "waiting"], "confirmation", ["due", "attend"]),
            (["waiting"], "confirmation", ["attend"]),
        ],
    )
    def test_to_whom(
        self, coordination: Client, session: TrainingSession, statuses: list[str], missing: str, names: list[str]
    ) -> None:
        page = show(coordination, session, statuses=statuses, missing=missing)
        confirm(coordination, session, page)

        assert [to for to, _ in written()] == [f"{name}@collines.example" for name in names]

    def test_never_to_those_who_left_nor_of_another_session(
        self, coordination: Client, session: TrainingSession
    ) -> None:
        registered(open_session())
        gone = Registration.objects.get(last_name="A")
        cause = Registration.Cause.PARTICIPANT
        registering.cancel(gone, cause=cause, now=timezone.now(), by=registering.PARTICIPANT)

        assert list(letters(show(coordination, session))) == ["due@collines.example", "attend@collines.example"]

    def test_nobody_is_said(self, coordination: Client, session: TrainingSession) -> None:
        page = show(coordination, session, statuses=["confirmed"], missing="cotisation")

        assert complaints(page) == [
            "Ce choix ne désigne personne : cochez d’autres états, ou ne demandez pas ce qui manque."
        ]
        assert by_id(tree(page), "id_subject").get("value") == "Objet"

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"subject": ""}, "Ce champ est obligatoire."),
            ({"text": " "}, "Ce champ est obligatoire."),
            ({"statuses": []}, "Ce champ est obligatoire."),
            ({"statuses": ["cancelled"]}, "Sélectionnez un choix valide. cancelled n’en fait pas partie."),
            ({"missing": "nimporte"}, "Sélectionnez un choix valide. nimporte n’en fait pas partie."),
            (
                {"text": "Bonjour {prenom}"},
                "« {prenom} » n’est pas un champ connu. "
                "Les champs connus sont {prénom}, {nom}, {session}, {date} et {lien}.",
            ),
            ({"subject": "Deux\nlignes"}, "Écrivez ce texte sur une seule ligne."),
        ],
    )
    def test_what_makes_no_sense_is_said_and_nothing_typed_is_lost(
        self, coordination: Client, session: TrainingSession, changes: dict[str, Any], sentence: str
    ) -> None:
        sent = {"subject": "Trajet", "text": "Bonjour {prénom},\nà bientôt", "missing": "", **changes}
        page = show(coordination, session, **sent, confirm="oui")

        assert [folded(said).replace("'", "’") for said in complaints(page)] == [sentence]
        assert written() == []
        assert by_id(tree(page), "id_text").text.removeprefix("\n") == sent["text"]
        assert by_id(tree(page), "id_subject").get("value", "") == sent["subject"]

    def test_nothing_typed_is_lost_in_the_preview(self, coordination: Client, session: TrainingSession) -> None:
        """A browser sends its lines ended the old way."""
        page = show(coordination, session, text="Un\r\n\r\ndeux", statuses=["waiting"], missing="confirmation")

        again = ticked(page)
        assert (again["text"], again["statuses"], again["missing"]) == ("Un\n\ndeux", ["waiting"], ["confirmation"])
        confirm(coordination, session, page, text="Un\r\n\r\ndeux")
        assert [to for to, _ in written()] == ["attend@collines.example"]

    @pytest.mark.parametrize("changes", [{"text": "Autre"}, {"subject": "Autre"}, {"statuses": ["waiting"]}])
    def test_anything_else_than_what_was_shown_is_shown_first(
        self, coordination: Client, session: TrainingSession, changes: dict[str, Any]
    ) -> None:
        page = show(coordination, session)

        again = confirm(coordination, session, page, **changes)

        assert notices(again) == ["Quelque chose a changé depuis la prévisualisation : relisez, puis confirmez."]
        assert written() == []
        confirm(coordination, session, again)
        assert len(written()) == (1 if "statuses" in changes else 3)

    def test_sent_without_preview_is_shown_first(self, coordination: Client, session: TrainingSession) -> None:
        page = show(coordination, session, confirm="oui")

        assert len(letters(page)) == 3
        assert written() == []

    def test_a_session_without_fee_does_not_speak_of_it(self, coordination: Client) -> None:
        """R17."""
        session = open_session()
        registered(session)

        assert "cotis" not in main(coordination.get(address(session))).lower()

    def test_names_that_look_like_markup_stay_words(self, coordination: Client) -> None:
        session = open_session(title="<b>Coopérer</b> {{ registration.token }}")
        registered(session, last_name="O’Neil & fils", organisation="<script>")

        page = show(coordination, session, text="{nom} {session}")
        confirm(coordination, session, page)

        email = Message.objects.order_by("-pk").first()
        assert email.text.startswith("O’Neil & fils <b>Coopérer</b> {{ registration.token }}\n")
        assert "O’Neil &amp; fils &lt;b&gt;Coopérer&lt;/b&gt; {{ registration.token }}" in email.html

    @pytest.mark.parametrize("state", ["postponed", "past", "under_way", "closed"])
    def test_whatever_the_state_of_the_session(self, coordination: Client, state: str) -> None:
        session = open_session()
        registered(session)
        changed = session_in(state)
        Registration.objects.update(session=changed)

        confirm(coordination, changed, show(coordination, changed))

        assert len(written()) == 1


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_instant_send_once(transactional_db: None) -> None:
    session = open_session()
    for _ in range(3):
        registered(session)
    user = make_staff(group="Coordination")
    shown = show(signed_in(user), session)
    clients = [signed_in(user) for _ in range(4)]

    answers = at_once(*[lambda client=client: confirm(client, session, shown).status_code for client in clients])

    assert answers == [200] * 4
    assert len(written()) == 3


@pytest.mark.django_db
class TestSendingAgain:
    """« Renvoyer », from the log of a registration."""

    @pytest.fixture
    def registration(self) -> Registration:
        return registered(open_session(title="Coopérer"), email="camille@collines.example")

    def log(self, client: Client, registration: Registration) -> list[list[str]]:
        group = by_id(tree(client.get(f"{REGISTRATIONS}{registration.pk}/change/")), LETTERS)
        lines = [row for row in group.iter("tr") if "has_original" in row.get("class", "")]
        return [[folded(text(cell)) for cell in row if cell.get("class", "").startswith("field-")][1:] for row in lines]

    def path(self, message: Message) -> str:
        return f"/admin/mailing/message/{message.pk}/renvoyer/"

    @pytest.mark.parametrize(
        ("status", "attempts", "said", "again"),
        [
            (Message.State.QUEUED, 0, "à envoyer", ""),
            (Message.State.QUEUED, 1, "à renvoyer après un échec", ""),
            (Message.State.SENT, 0, "envoyé le {moment}", "Renvoyer"),
            (Message.State.FAILED, 72, "abandonné", "Renvoyer"),
        ],
    )
    def test_the_log_says_what_became_of_each(
        self, coordination: Client, registration: Registration, status: str, attempts: int, said: str, again: str
    ) -> None:
        now = timezone.now()
        Message.objects.update(state=status, sent_at=now if status == Message.State.SENT else None, attempts=attempts)
        moment = folded(typography.moment(now))
        day = folded(typography.medium_date(today(60)))

        assert self.log(coordination, registration) == [
            [f"Inscription confirmée : Coopérer – {day}", said.format(moment=moment), again]
        ]
        found = links(tree(coordination.get(f"{REGISTRATIONS}{registration.pk}/change/")))
        assert found[str(Message.objects.get().subject).replace("\u00a0", " ")] == (
            f"/admin/mailing/message/{Message.objects.get().pk}/change/"
        )
        assert found.get("Renvoyer") == (self.path(Message.objects.get()) if again else None)

    def test_what_was_erased_is_said(self, coordination: Client, registration: Registration) -> None:
        Message.objects.update(text="", html="", state=Message.State.SENT)

        assert self.log(coordination, registration) == [["message effacé", "envoyé", ""]]
        assert coordination.get(self.path(Message.objects.get())).status_code == 404

    def test_what_was_sent_leaves_once_more_as_a_copy(self, coordination: Client, registration: Registration) -> None:
        """To the present address, with the same attachments."""
        Message.objects.update(state=Message.State.SENT, sent_at=timezone.now())
        Registration.objects.update(email="autre@collines.example")
        [first] = Message.objects.all()
        before = state()
        shown = coordination.get(self.path(Message.objects.get()))
        assert "autre@collines.example" in main(shown)
        assert state() == before

        page = coordination.post(self.path(Message.objects.get()), follow=True)

        assert page.redirect_chain == [(f"{REGISTRATIONS}{registration.pk}/change/", 302)]
        assert notices(page) == ["Le message est remis dans la file, pour autre@collines.example."]
        kept, copy = Message.objects.order_by("pk")
        assert (kept.to, kept.state) == ("camille@collines.example", Message.State.SENT)
        assert (copy.to, copy.state, copy.due_at) == ("autre@collines.example", Message.State.QUEUED, None)
        assert (copy.subject, copy.text, copy.html, copy.reply_to) == (
            first.subject,
            first.text,
            first.html,
            first.reply_to,
        )
        assert copy.message_id != first.message_id
        assert [file.filename for file in documents.made(copy)] == [file.filename for file in documents.made(first)]
        log = self.log(coordination, registration)
        assert [state.partition(" le ")[0] for _, state, _ in log] == ["envoyé", "à envoyer"]

    def test_what_was_given_up_takes_its_place_again(self, coordination: Client, registration: Registration) -> None:
        later = timezone.now() + timedelta(days=1)
        Message.objects.update(state=Message.State.FAILED, attempts=72, due_at=later)
        Registration.objects.update(email="autre@collines.example")

        coordination.post(self.path(Message.objects.get()))

        [email] = Message.objects.all()
        assert (email.to, email.state, email.attempts, email.due_at) == (
            "autre@collines.example",
            Message.State.QUEUED,
            0,
            None,
        )
        assert Message.objects.count() == 1
        assert delivery.deliver(now=timezone.now()) == 1

    @pytest.mark.parametrize("status", [Message.State.SENT, Message.State.FAILED])
    def test_a_double_click_sends_once(self, coordination: Client, registration: Registration, status: int) -> None:
        Message.objects.update(state=status)
        message = Message.objects.get()
        coordination.post(self.path(message))
        page = coordination.post(self.path(message), follow=True)

        assert notices(page)[1:] == ["Ce message est déjà dans la file : il partira dans un instant."]
        assert Message.objects.filter(state=Message.State.QUEUED).count() == 1

    def test_the_copy_may_be_sent_again_too(self, coordination: Client, registration: Registration) -> None:
        for _ in range(3):
            Message.objects.update(state=Message.State.SENT)
            coordination.post(self.path(Message.objects.latest("pk")))

        assert Message.objects.count() == 4

    def test_a_lease_is_left_alone(self, coordination: Client, registration: Registration) -> None:
        """A worker is sending it at this instant."""
        until = timezone.now() + timedelta(minutes=10)
        Message.objects.update(due_at=until)
        coordination.post(self.path(Message.objects.get()))

        assert [email.due_at for email in Message.objects.all()] == [until]

    def test_a_message_to_the_team(self, coordination: Client) -> None:
        User.objects.update(email="coordination@caprural.example")
        session = open_session(min_participants=8, registration_deadline=today())
        emails.decision_needed(TrainingSession.objects.with_seats_and_days().get())
        Message.objects.update(state=Message.State.FAILED)

        page = coordination.post(self.path(Message.objects.get()), follow=True)

        assert page.redirect_chain == [(f"{SESSIONS}{session.pk}/change/", 302)]
        assert notices(page) == ["Le message est remis dans la file, pour coordination@caprural.example."]

    def test_what_is_not_there(self, coordination: Client, registration: Registration) -> None:
        assert coordination.get(self.path(Message(pk=Message.objects.get().pk + 99))).status_code == 404


@pytest.mark.django_db
def test_trainers_write_nothing(trainer: Client, me: Trainer, session: TrainingSession) -> None:
    mine = open_session(trainers=(me,))
    registered(mine)
    again = [f"/admin/mailing/message/{message.pk}/renvoyer/" for message in Message.objects.all()]
    before = state()

    answers = [
        method(path).status_code
        for path in (address(mine, "ecrire/"), address(session, "ecrire/"), *again)
        for method in (trainer.get, trainer.post)
    ]

    assert answers == [403] * 2 + [404] * 2 + [403] * 2 * len(again)
    assert state() == before
    assert "Écrire" not in main(trainer.get(address(mine, "change/")))
    registration = mine.registrations.get()
    assert LETTERS not in trainer.get(f"{REGISTRATIONS}{registration.pk}/change/").content.decode()


def test_a_writing_is_named_once() -> None:
    """The name of a writing fits where the database keeps it."""
    assert len(str(UUID(int=2**128 - 1))) <= Message._meta.get_field("key").max_length
