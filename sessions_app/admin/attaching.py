"""« À rattacher »: people awaiting a fee whom no member lists; attach them, create their member (R14, R16)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from caprural import typed_again, typography
from caprural.admin import page
from members import emails as member_emails
from members import fees, finding
from members.models import Application, CoveredPerson, FeeCampaign, FeeCategory, Member, MembershipFee
from sessions_app import roles
from sessions_app.admin.base import RegistrationPages
from sessions_app.forms import AttachForm, NewMemberForm, RecordFeeForm, together_label
from sessions_app.models import Registration, TrainingSession

#: People shown on one page, the most pressing first.
SHOWN = 50
#: Members shown for one search.
FOUND = 20


@dataclass(frozen=True)
class Choice:
    """A member to attach someone to: why it is proposed, and what attaching would do."""

    member: Member
    why: str
    what: str
    label: str


@dataclass(frozen=True)
class Stranger:
    """Someone to attach: likely members, and the other people of the same structure."""

    registration: Registration
    session: TrainingSession
    choices: list[Choice]
    others: list[Registration]
    #: On-line forms that name the person, and that nobody has checked.
    forms: list[Application]

    @property
    def together(self) -> str:
        """What the box says that does the same for the others."""
        return together_label(self.others)

    @property
    def others_pks(self) -> str:
        """The others, as the box sends them."""
        return " ".join(str(other.pk) for other in self.others)


class Outlook:
    """What the fees of some members do for someone one attaches to them. Two queries for all."""

    def __init__(self, members: Iterable[Member]) -> None:
        pks = {member.pk for member in members}
        self.fees: dict[int, list[MembershipFee]] = defaultdict(list)
        live = MembershipFee.objects.live().filter(member__in=pks).select_related("campaign", "category")
        for fee in live.order_by("pk"):
            self.fees[fee.member_id].append(fee)
        self.people: dict[int, list[str]] = defaultdict(list)
        listed = CoveredPerson.objects.filter(member__in=pks).order_by("pk")
        for member, email in listed.values_list("member", "email"):
            self.people[member].append(email)

    def obstacle(
        self, member: Member, registration: Registration, on: date | None, *, before: Iterable[str] = ()
    ) -> str:
        """Why this member's fee would not cover the person on that day; empty when it would."""
        covering = (fee for fee in self.fees[member.pk] if on and fee.campaign.starts_on <= on <= fee.campaign.ends_on)
        fee = next(covering, None)
        if fee is None:
            return "pas de cotisation à la date de la session"
        if not fee.is_accepted:
            return "sa cotisation est attendue"
        listed = dict.fromkeys([*self.people[member.pk], *before, registration.email])
        covered, _ = fee.category.reach(list(listed), ())
        if registration.email not in covered:
            limit = len(covered)
            people = typography.plural(limit, "personne,personnes")
            return f"sa cotisation est limitée à {limit} {people}, nombre déjà atteint"
        return ""

    def choice(
        self,
        suggestion: finding.Suggestion | finding.Found,
        registration: Registration,
        on: date | None,
        others: Iterable[tuple[Registration, date | None]] = (),
    ) -> Choice:
        """A member with what attaching the person to it would do, and for how many of the others."""
        obstacle = self.obstacle(suggestion.member, registration, on)
        what = f"{obstacle} : l’inscription restera en attente" if obstacle else "à jour : l’inscription sera confirmée"
        people, confirmed = [registration.email], 0
        for other, day in others:
            confirmed += not self.obstacle(suggestion.member, other, day, before=people)
            people.append(other.email)
        if confirmed:
            what += f", et celle de {confirmed} {typography.plural(confirmed, 'autre personne,autres personnes')}"
        return Choice(suggestion.member, suggestion.why, what, suggestion.label)


class MemberAttaching(RegistrationPages):
    """The list of the people to attach, and what one does for each."""

    @page("a-rattacher/", name="people_to_attach")
    def people_to_attach(self, request: HttpRequest) -> HttpResponse:
        """Everybody without a known payer, the most pressing first, with likely members."""
        if not (roles.sees_every_session(request.user) and self.has_change_permission(request)):
            raise PermissionDenied
        strangers = _strangers(timezone.now())
        context = {"people": strangers[:SHOWN], "rest": len(strangers[SHOWN:])}
        return self.act_page(request, "admin/sessions_app/registration/people_to_attach.html", "À rattacher", context)

    @page("<int:pk>/rattacher/", name="attach_registration")
    def attach(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say which member the person belongs to, among the likely ones or those one searches (R14)."""
        registration: Registration = self.row(request, pk)
        data = typed_again.given(request)
        stranger = _stranger(registration)
        form = AttachForm(request.POST if request.method == "POST" else None, others=stranger.others)
        if request.method == "POST" and form.is_valid():
            self._attach(request, [registration, *form.companions()], form.cleaned_data["member"])
            return self._back(request, registration)
        text = data.get("q", "").replace("\x00", "")[:200]
        campaign = FeeCampaign.objects.of(stranger.session.first_date)
        known = {choice.member.pk for choice in stranger.choices}
        # What was chosen in another search stays.
        chosen = [member.pk for member in _members(data.get("member", ""))]
        found = finding.of_members(chosen, campaign)
        found += finding.search(text, campaign=campaign, limit=FOUND + len(known))
        found = list({one.member.pk: one for one in found if one.member.pk not in known}.values())[:FOUND]
        outlook = Outlook(one.member for one in found)
        day = stranger.session.first_date
        context = {
            "form": form,
            "original": registration,
            "stranger": stranger,
            "text": text,
            "found": [outlook.choice(one, registration, day) for one in found],
            "chosen": data.get("member", ""),
            "is_together": "together" in data,
            "from_list": data.get("retour") == "liste",
        }
        title = f"Rattacher à un cotisant : {registration}"
        return self.act_page(request, "admin/sessions_app/registration/attach.html", title, context)

    @page("<int:pk>/creer-le-cotisant/", name="create_member")
    def create_member(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make the member from what the person typed, with the fee expected of it."""
        registration: Registration = self.row(request, pk)
        if not request.user.has_perm("members.add_member"):
            raise PermissionDenied
        if member := Member.objects.listing(registration.email).first():
            messages.info(request, f"{registration} est déjà rattaché·e à {member}.")
            return self._back(request, registration)
        stranger = _stranger(registration)
        campaign = FeeCampaign.objects.of(stranger.session.first_date)
        form = NewMemberForm(
            request.POST if request.method == "POST" else None,
            campaign=campaign,
            others=stranger.others,
            initial={
                "name": registration.organisation,
                "contact_name": registration.full_name,
                "email": registration.email,
                "phone": registration.phone,
            },
        )
        if request.method == "POST" and form.is_valid():
            self._create(request, registration, form)
            return self._back(request, registration)
        context = {
            "form": form,
            "submit": "Créer le cotisant",
            "original": registration,
            "stranger": stranger,
            "back": reverse("admin:people_to_attach"),
            "from_list": request.GET.get("retour", request.POST.get("retour")) == "liste",
            "notice": ""
            if campaign
            else "Aucune campagne ne couvre la date de cette session : aucune cotisation ne peut être ouverte.",
        }
        title = f"Créer le cotisant : {registration}"
        return self.act_page(request, "admin/sessions_app/registration/create_member.html", title, context)

    @page("<int:pk>/cotisation/", name="record_fee")
    def record_fee(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Record the fee that covers the person: the seat is confirmed at once (R16)."""
        registration: Registration = self.row(request, pk)
        session = TrainingSession.objects.with_seats_and_days().get(pk=registration.session_id)
        campaign = FeeCampaign.objects.of(session.first_date)
        known = Member.objects.listing(registration.email).first()
        likely = finding.suggest(
            email=registration.email, organisation=registration.organisation, name=registration.full_name
        )
        chosen = _members(typed_again.given(request).get("member", ""))
        form = RecordFeeForm(
            request.POST or None,
            campaign=campaign,
            likely=list(dict.fromkeys([*([known] if known else []), *chosen, *(one.member for one in likely)])),
            initial={"member": known, "new_member": "" if known else registration.organisation},
        )
        if request.method == "POST" and form.is_valid():
            try:
                self._settle(registration, form.cleaned_data)
            except fees.FeeTransitionRefused as refused:
                form.add_error(None, str(refused))
            else:
                registration.refresh_from_db()
                messages.success(
                    request, f"Cotisation enregistrée. {registration} : {registration.get_status_display()}."
                )
                return self.back_to_session(registration)
        notice = "" if campaign else "Aucune campagne ne couvre la date de cette session : créez-la d’abord."
        return self.form_page(
            request,
            form,
            title=f"Enregistrer la cotisation : {registration}",
            submit="Enregistrer",
            original=registration,
            notice=notice,
        )

    def _back(self, request: HttpRequest, registration: Registration) -> HttpResponse:
        if request.POST.get("retour") == "liste":
            return redirect("admin:people_to_attach")
        return self.back_to_session(registration)

    @transaction.atomic
    def _attach(self, request: HttpRequest, people: list[Registration], member: Member) -> None:
        for person in people:
            fees.cover(member, person.email, name=person.full_name, now=timezone.now())
        outlook = Outlook([member])
        done = Registration.objects.select_related("session").in_bulk([person.pk for person in people])
        for person in (done[person.pk] for person in people):
            said = f"{person} est rattaché·e à {member} : {person.get_status_display()}"
            obstacle = outlook.obstacle(member, person, person.session.first_date)
            if person.status == Registration.Status.AWAITING_FEE and obstacle:
                messages.warning(request, f"{said} ({obstacle}).")
            else:
                messages.success(request, f"{said}.")

    @transaction.atomic
    def _create(self, request: HttpRequest, registration: Registration, form: NewMemberForm) -> None:
        """The member, its fee, its call and its people, all or nothing; sent twice, once."""
        now = timezone.now()
        # Nothing of the member exists yet to wait upon.
        FeeCampaign.objects.lock()
        if known := Member.objects.listing(registration.email).first():
            messages.info(request, f"{registration} est déjà rattaché·e à {known}.")
            return
        data = form.cleaned_data
        member = Member.objects.create(**{name: data[name] for name in NewMemberForm.Meta.fields})
        said = f"Le cotisant « {member} » est créé."
        if data["category"]:
            fee = fees.subscribe(member, data["category"], now=now)
            fee.method = data["method"]
            fee.save(update_fields=["method"])
            said += f" Sa cotisation de {typography.amount(fee.amount)} est attendue"
            if data["is_called"]:
                member_emails.fee_call(fee, now=now)
                said += f", l’appel part pour {member.email}"
            said += "."
        self.log_change(request, registration, said)
        messages.success(request, said)
        self._attach(request, [registration, *form.companions()], member)

    @transaction.atomic
    def _settle(self, registration: Registration, data: dict[str, Any]) -> None:
        """The fee of a known or new member, which from now on lists this person."""
        now = timezone.now()
        category: FeeCategory = data["category"]
        # The same form sent twice must not open two members: the second one waits here, then finds the first one's.
        FeeCampaign.objects.lock()
        member = (
            data["member"]
            or Member.objects.listing(registration.email).filter(name=data["new_member"]).first()
            or Member.objects.create(
                name=data["new_member"], contact_name=registration.full_name, email=registration.email
            )
        )
        proof = fees.Proof(method=data["method"], reference=data["reference"])
        fees.record(member, category, data["status"], proof=proof, now=now)
        fees.cover(member, registration.email, name=registration.full_name, now=now)


def _members(pk: str) -> list[Member]:
    return list(Member.objects.filter(pk=pk)) if pk.isascii() and pk.isdigit() and len(pk) < 19 else []


def _strangers(now: datetime) -> list[Stranger]:
    """Everybody to attach for a session that is not over, with their choices, in a constant number of queries."""
    waiting = list(Registration.objects.without_member().order_by("fee_due_on", "pk"))
    ids = {registration.session_id for registration in waiting}
    found = TrainingSession.objects.with_seats_and_days().filter(pk__in=ids).sound(now)
    sessions = {session.pk: session for session in found if not session.state(now).is_over}
    return _with_choices([one for one in waiting if one.session_id in sessions], sessions)


def _stranger(registration: Registration) -> Stranger:
    """One person, with the others of the same structure who are to be attached too."""
    others = list(Registration.objects.without_member().exclude(pk=registration.pk).order_by("pk"))
    ids = {one.session_id for one in (registration, *others)}
    sessions = TrainingSession.objects.with_seats_and_days().in_bulk(ids)
    return _with_choices([registration], sessions, others=others)[0]


def _with_choices(
    people: list[Registration], sessions: dict[int, TrainingSession], *, others: Iterable[Registration] = ()
) -> list[Stranger]:
    everybody = [*people, *others]
    clues = [(person.email, person.organisation) for person in everybody]
    suggested = finding.suggest_all([(one.email, one.organisation, one.full_name) for one in people])
    outlook = Outlook(one.member for suggestions in suggested for one in suggestions)
    colleagues = finding.of_one_structure(clues)
    forms = Application.objects.to_check().by_address(person.email for person in people)
    found = []
    for person, suggestions, same in zip(people, suggested, colleagues[: len(people)], strict=True):
        session = sessions[person.session_id]
        colleagues_of = _one_per_person([everybody[n] for n in same], but=person)
        days = [(other, sessions[other.session_id].first_date) for other in colleagues_of]
        choices = [outlook.choice(one, person, session.first_date, days) for one in suggestions]
        found.append(Stranger(person, session, choices, colleagues_of, forms.get(person.email, [])))
    return found


def _one_per_person(registrations: list[Registration], *, but: Registration) -> list[Registration]:
    """Someone registered for two sessions is one person to attach."""
    by_email = {registration.email: registration for registration in registrations if registration.email != but.email}
    return list(by_email.values())
