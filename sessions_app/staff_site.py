"""The home of the admin: what needs the coordination today, or where a trainer is expected next."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import update_wrapper
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Prefetch
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone

from caprural import agenda, signing_in, typed_again, typography
from caprural.house.models import Heartbeat
from caprural.mailing.models import Message
from members import finding
from members import reminding as fee_reminding
from members.models import Application, Member, MembershipFee
from sessions_app import roles
from sessions_app.models import Registration, TrainingSession

#: A worker that has not been seen for that long is not running.
WORKER_SILENCE = timedelta(minutes=10)
#: A message that nobody sent again within that time will not be.
GIVEN_UP_SINCE = timedelta(days=30)
#: Days of what is to come.
AHEAD = 14
#: Lines shown under one heading; the rest is one link away.
SHOWN = 10


class Suggestions(AutocompleteJsonView):
    """What completes a name as one types: payers of one name are told apart."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the names of this page, read at once."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        rows = context["object_list"]
        self.named = finding.labels(rows) if self.model_admin.model is Member else {}
        return context

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        """A suggestion under its name."""
        result: dict[str, str] = super().serialize_result(obj, to_field_name)
        return {**result, "text": self.named.get(obj.pk, result["text"])}


class StaffSite(AdminSite):
    """The admin of the team, which opens on what there is to do."""

    # The organisation's own name is in the templates.
    site_header = site_title = "Équipe"
    index_title = "Accueil"
    index_template = "admin/home.html"
    # Few pages, wide tables: the room goes to the tables.
    enable_nav_sidebar = False

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Without the stock « Voir sur le site », which leads to any row's page and asks no permission."""
        stock = [url for url in super().get_urls() if getattr(url, "name", None) != "view_on_site"]
        return [path("a-venir/", self.admin_view(self.coming), name="coming"), *stock]

    def coming(self, request: HttpRequest) -> TemplateResponse:
        """What will be done in the next days without anybody's hand (R24)."""
        if not roles.sees_every_session(request.user):
            raise PermissionDenied
        planned = list(agenda.coming(now=timezone.now(), days=AHEAD))
        context = {**self.each_context(request), "title": "Ce qui partira tout seul", "days": AHEAD, "planned": planned}
        return TemplateResponse(request, "admin/coming.html", context)

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """With suggestions of our own."""
        return cast(HttpResponse, Suggestions.as_view(admin_site=self)(request))

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """What is sent by someone who is no longer signed in is kept until they are again."""
        guarded = super().admin_view(view, cacheable)

        def keeping(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            is_row = typed_again.comes_back_as_sent(request)
            if not is_row and (sent := self.has_permission(request) and signing_in.give_back(request)):
                messages.warning(request, typed_again.NOT_SENT)
                with typed_again.coming_back(sent):
                    page = guarded(request, *args, **kwargs)
                    return page.render() if hasattr(page, "render") else page
            response = guarded(request, *args, **kwargs)
            is_sent = request.method == "POST" or typed_again.typed() is not None
            if is_sent and request.user.is_anonymous and request.path != reverse("admin:logout"):
                signing_in.keep(request)  # the answer leads to the login
                response.headers["Location"] += f"&{signing_in.IN_VAIN}="
            return response

        return update_wrapper(keeping, guarded)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Says that something was sent in vain, and whether it is to come back."""
        kept = signing_in.what_is_kept(request, request.GET.get("next", ""))
        context = {"kept": kept, "in_vain": signing_in.IN_VAIN in request.GET, **(extra_context or {})}
        return super().login(request, context)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """What there is to do, above the stock list of everything one may open."""
        now = timezone.now()
        context: dict[str, Any] = {}
        if roles.sees_every_session(request.user):
            context = {
                "home_title": "À faire aujourd’hui",
                "headings": to_do(now),
                "nothing": "Rien à faire.",
                "coming": reverse("admin:coming"),
            }
        elif request.user.has_perm("sessions_app.view_trainingsession"):
            own = TrainingSession.objects.led_by(request.user)
            context = {
                "home_title": "Vos prochaines sessions",
                "headings": [Heading("", [_to_come(session) for session in _next(own, now)])],
                "nothing": "Vous n’intervenez dans aucune session à venir.",
            }
            context["headings"] = [heading for heading in context["headings"] if heading.lines]
        return super().index(request, {**(extra_context or {}), **context})


@dataclass(frozen=True)
class Line:
    """One thing to do: what it is about, in a few words, and the page where it is done."""

    text: str
    url: str
    detail: str = ""


@dataclass(frozen=True)
class Heading:
    """Things of one kind to do; `rest_url` leads to all of them when there are more than are shown."""

    title: str
    lines: Sequence[Line]
    rest_url: str = ""

    @property
    def shown(self) -> Sequence[Line]:
        """The first lines."""
        return self.lines[:SHOWN]

    @property
    def rest(self) -> int:
        """How many lines are not shown."""
        return max(len(self.lines) - SHOWN, 0)


def to_do(now: datetime) -> list[Heading]:
    """What needs the coordination at `now`, the most pressing first; empty when nothing does. Constant in queries."""
    sessions = _next(TrainingSession.objects.all(), now)
    awaiting = Registration.objects.filter(session__in=[session.pk for session in sessions])
    people = _list_of(Registration)
    headings = (
        Heading("Envoi des messages", _worker(now)),
        Heading("Sessions illisibles", _broken(now)),
        Heading("Décisions à prendre", [_decision(session) for session in sessions if session.awaits_decision(now)]),
        Heading("Places à attribuer", [_seat(session) for session in sessions if can_assign(session, now)]),
        Heading(
            "Cotisations à enregistrer",
            [_fee(registration) for registration in _soonest(awaiting.filter(status=Registration.Status.AWAITING_FEE))],
            f"{people}?status__exact={Registration.Status.AWAITING_FEE}",
        ),
        Heading(
            "Bulletins en ligne à vérifier",
            [_application(application) for application in Application.objects.to_check().select_related("category")],
            f"{_list_of(Application)}?verification=a-verifier",
        ),
        Heading("Cotisations attendues", _membership_fees()),
        Heading("Relances à faire par courrier", _letters(now)),
        Heading(
            "Personnes à rattacher à un cotisant",
            [_stranger(registration) for registration in _soonest(awaiting.without_member())],
            reverse("admin:people_to_attach"),
        ),
        Heading(
            "Messages qui n’ont pas pu partir",
            _given_up(now),
            f"{reverse('admin:mailing_message_changelist')}?etat={Message.State.FAILED}",
        ),
    )
    return [heading for heading in headings if heading.lines]


def can_assign(session: TrainingSession, now: datetime) -> bool:
    """Whether a seat is free while people wait: giving it is no longer automatic (R8)."""
    state = session.state(now)
    return session.waiting_count > 0 and session.has_free_seat and state.is_announced and not state.is_over


def _next(sessions: Any, now: datetime) -> list[TrainingSession]:
    """Published sessions that have not ended, the next one first. Two queries."""
    # An evening of yesterday may end this morning.
    found = sessions.lasting_until(timezone.localdate(now) - timedelta(days=1)).filter(
        status=TrainingSession.Status.PUBLISHED, days__isnull=False
    )
    by_pk = {session.pk: session for session in found.with_seats_and_days().sound(now)}
    return sorted(
        (session for session in by_pk.values() if not session.state(now).is_over),
        key=lambda session: (session.first_date, session.pk),
    )


def _soonest(registrations: Any) -> Iterable[Registration]:
    found: Iterable[Registration] = registrations.prefetch_related(
        Prefetch("session", TrainingSession.objects.with_seats_and_days())
    ).order_by("fee_due_on", "pk")
    return found


def _page(instance: Model, page: str = "change") -> str:
    meta = instance._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=[instance.pk])


def _list_of(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def _dated(session: TrainingSession) -> str:
    return f"{session}, {session.date_label or 'date à venir'}"


def _count(number: int, forms: str) -> str:
    return f"{number} {typography.plural(number, forms)}"


def _to_come(session: TrainingSession) -> Line:
    held = _count(session.seats_taken, "place tenue,places tenues")
    return Line(
        _dated(session), _page(session), f"{held} sur {session.max_participants}" if session.max_participants else held
    )


def _decision(session: TrainingSession) -> Line:
    held = _count(session.seats_taken, "place tenue,places tenues")
    return Line(_dated(session), _page(session), f"{held} pour {session.min_participants} au moins")


def _seat(session: TrainingSession) -> Line:
    waiting = _count(session.waiting_count, "personne attend,personnes attendent")
    return Line(_dated(session), f"{_page(session)}#inscriptions", f"une place est libre, {waiting}")


def _fee(registration: Registration) -> Line:
    return Line(
        f"{registration}, {registration.organisation}",
        reverse("admin:record_fee", args=[registration.pk]),
        f"au plus tard le {typography.medium_date(registration.fee_due_on)} – {_dated(registration.session)}",
    )


def _stranger(registration: Registration) -> Line:
    return Line(
        f"{registration}, {registration.organisation}",
        f"{reverse('admin:people_to_attach')}#inscription-{registration.pk}",
        f"{registration.email} – {_dated(registration.session)}",
    )


def _application(application: Application) -> Line:
    return Line(
        application.name,
        reverse("admin:check_application", args=[application.pk]),
        f"{application.category.label}, {typography.amount(application.amount)} – "
        f"reçu le {typography.medium_date(application.received_at)}",
    )


def _membership_fees() -> list[Line]:
    due = MembershipFee.objects.filter(status=MembershipFee.Status.DUE).count()
    if not due:
        return []
    text = f"{_count(due, 'cotisation attendue,cotisations attendues')} de cotisants connus"
    return [
        Line(text, f"{_list_of(MembershipFee)}?status__exact={MembershipFee.Status.DUE}"),
        Line("Enregistrer des paiements", reverse("admin:record_payments"), "par nom, SIRET, montant ou référence"),
    ]


def _letters(now: datetime) -> list[Line]:
    """A line per campaign with letters to post."""
    by_campaign = Counter(reminder.fee.campaign for reminder in fee_reminding.by_post(now))
    return [
        Line(
            f"{_count(letters, 'lettre,lettres')} à imprimer et à poster",
            reverse("admin:reminder_letters", args=[campaign.pk]),
            str(campaign),
        )
        for campaign, letters in by_campaign.items()
    ]


def _given_up(now: datetime) -> list[Line]:
    lines = []
    for message in Message.objects.given_up(since=now - GIVEN_UP_SINCE).prefetch_related("about"):
        # To the person, whose address may be wrong; the message is sent again from there.
        person = message.about if isinstance(message.about, Registration) else None
        url = _page(person) if person else reverse("admin:send_again", args=[message.pk])
        lines.append(Line(message.subject, url, f"pour {f'{person}, ' if person else ''}{message.to}"))
    return lines


def _broken(now: datetime) -> list[Line]:
    """Sessions left out of every list because something in them cannot be read."""
    everything = TrainingSession.objects.with_seats_and_days()
    if len(everything.sound(now)) == TrainingSession.objects.count():
        return []
    return [
        Line(
            f"Session n°\u00a0{pk}",
            reverse("admin:sessions_app_trainingsession_change", args=[pk]),
            "elle n’est plus montrée nulle part, tant que ce qui y est illisible n’est pas corrigé",
        )
        for pk in everything.broken(now)
    ]


def _worker(now: datetime) -> list[Line]:
    """The worker, when it is not running: everything that is dated waits for it."""
    seen_at = Heartbeat.objects.order_by("-seen_at").values_list("seen_at", flat=True).first()
    if seen_at and now - seen_at < WORKER_SILENCE:
        return []
    life = (
        f"ne donne plus signe de vie depuis le {typography.moment(seen_at)}"
        if seen_at
        else "n’a jamais donné signe de vie"
    )
    return [
        Line(
            "Les messages ne partent plus",
            reverse("admin:mailing_message_changelist"),
            f"le programme d’envoi {life} : prévenez la personne qui s’occupe du serveur",
        )
    ]
