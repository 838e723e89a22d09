"""Writing to the participants of a session, and sending a message again."""

from uuid import uuid4, uuid5

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from caprural.admin import page
from caprural.confirming import Foreseen, Told
from sessions_app import writing
from sessions_app.admin.base import SessionPages, current_user
from sessions_app.admin.board import Board
from sessions_app.forms import WriteForm
from sessions_app.models import Registration, TrainingSession


class SessionWriting(SessionPages):
    """Two pages: a message to the people one chooses, and a message once more."""

    @page("<int:pk>/ecrire/", name="write_to_participants")
    def write(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Choose who, write, read what each person will read, send; once, even after a double click."""
        session: TrainingSession = self.row(request, pk)
        user, now = current_user(request), timezone.now()
        columns = Board(session, user=user, now=now).columns
        form = WriteForm(
            request.POST or None,
            initial={"sending": uuid4(), "missing": request.GET.get("manque", "")},
            statuses=[
                status
                for status in (*Registration.HOLDING_SEAT, Registration.Status.WAITING)
                if session.fee_required or status != Registration.Status.AWAITING_FEE
            ],
            lacks=[(column.name, column.lack) for column in columns],
        )

        def people(session: TrainingSession) -> list[Registration]:
            board = Board(session, user=user, now=now, missing=form.cleaned_data["missing"])
            rows = [row.registration for row in board.rows]
            return [one for one in rows if one.status in form.cleaned_data["statuses"]]

        def foresee(session: TrainingSession) -> Foreseen:
            words = [form.cleaned_data[name] for name in ("subject", "text")]
            told = [
                Told(one.full_name, one.email, *(writing.fill(text, one, session) for text in words))
                for one in people(session)
            ]
            return Foreseen(told, details=form.cleaned_data)

        def act(session: TrainingSession) -> None:
            subject, text, sending = (form.cleaned_data[name] for name in ("subject", "text", "sending"))
            # Other words after « Back », or for others, are another message.
            same = repr((subject, text, sorted(form.cleaned_data["statuses"]), form.cleaned_data["missing"]))
            writing.write(session, people(session), subject=subject, text=text, sending=uuid5(sending, same))

        return self.confirmed_act(
            request,
            session,
            form,
            foresee=foresee,
            act=act,
            title="Écrire aux participants",
            submit="Envoyer",
            link="à",
            notice="Chaque personne reçoit son propre message et peut répondre au contact de la session.",
            done="C’est envoyé.",
            nobody="Ce choix ne désigne personne : cochez d’autres états, ou ne demandez pas ce qui manque.",
        )
