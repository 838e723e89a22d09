"""On-line membership forms in the admin: read, then checked (R14, R16)."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Field, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from caprural import typography
from caprural.admin import FewFilter, ReadOnly, StaffAdmin, page
from caprural.confirming import Foreseen
from caprural.mailing import outbox
from caprural.mailing.admin import LettersInline
from members import applying, fees, finding
from members.admin.recording import recording_url
from members.forms import NEW, CheckForm, OtherMemberForm
from members.models import Application, ApplicationPerson, Member, MembershipFee


class CheckFilter(FewFilter):
    """Those left to check, or the others."""

    title, parameter_name = "vérification", "verification"
    options = {"a-verifier": "à vérifier", "verifies": "vérifiés"}

    def narrowed(self, rows: QuerySet[Application], asked: str) -> QuerySet[Application]:
        left = Application.objects.to_check().order_by().values("pk")
        return rows.filter(pk__in=left) if asked == "a-verifier" else rows.exclude(pk__in=left)


class FormLetters(LettersInline):
    """What whoever filled it was written."""

    verbose_name_plural = "messages à la personne qui l’a rempli"


@admin.register(Application)
class ApplicationAdmin(ReadOnly, StaffAdmin):
    """« Bulletins en ligne »: what was typed stays as it was typed."""

    kept = "Un bulletin dit pourquoi une cotisation est attendue\u00a0: annulez plutôt cette cotisation."
    list_display = ("name", "campaign", "category_label", "amount_text", "state", "received_at")
    list_filter = (CheckFilter, "category__campaign", "method")
    list_select_related = ("fee", "category__campaign", "checked_by")
    search_fields = ("name", "contact_name", "email", "siret", "people__email", "people__name", "fee__member__name")
    change_form_template = "admin/members/application/change_form.html"
    fields = readonly_fields = (
        *("own_code", "state", "member_link", "fee_link", "campaign", "category_label", "amount_text"),
        *("kind", "name", "siret", "address", "contact_name", "email", "phone", "people_text", "domain"),
        *("method", "service_code", "engagement_number", "received_at"),
    )
    inlines = (FormLetters,)

    @admin.display(description="référence du bulletin")
    def own_code(self, application: Application) -> str:
        return application.own_code

    @admin.display(description="campagne", ordering="category__campaign")
    def campaign(self, application: Application) -> str:
        return str(application.category.campaign)

    @admin.display(description="catégorie", ordering="category__label")
    def category_label(self, application: Application) -> str:
        return application.category.label

    @admin.display(description="montant", ordering="amount")
    def amount_text(self, application: Application) -> str:
        return typography.amount(application.amount)

    @admin.display(description="état")
    def state(self, application: Application) -> str:
        if application.checked_at is None:
            return "à vérifier"
        by = f" par {application.checked_by}" if application.checked_by else ""
        return f"vérifié le {typography.medium_date(application.checked_at)}{by}"

    @admin.display(description="cotisant")
    def member_link(self, application: Application) -> SafeString | str:
        if application.fee is None:
            return "à dire en vérifiant"
        member = application.fee.member
        return format_html('<a href="{}">{}</a>', reverse("admin:members_member_change", args=[member.pk]), member)

    @admin.display(description="cotisation")
    def fee_link(self, application: Application) -> SafeString | str:
        fee = application.fee
        if fee is None:
            return "aucune avant la vérification"
        url = reverse("admin:members_membershipfee_change", args=[fee.pk])
        amount = typography.amount(fee.amount)
        return format_html('<a href="{}">{}</a>, {}, {}', url, fee.code, amount, fee.get_status_display())

    @admin.display(description="personnes à couvrir")
    def people_text(self, application: Application) -> SafeString | str:
        lines = ((_named(person),) for person in application.people.all())
        return format_html_join("", "<div>{}</div>", lines) or "aucune"

    # Checking

    @page("<int:pk>/verifier/", name="check_application")
    def check_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """« Vérifier »: what was typed beside what the member says today, and what to take of it."""
        application: Application = self.row(request, pk)
        back = reverse("admin:members_application_change", args=[pk])
        if application.checked_at:
            messages.warning(request, applying.already(application))
            return redirect(back)
        form = CheckForm(request.POST if request.method == "POST" else None, application=application)
        if form.is_valid() and (fee := self._check(request, application, form)):
            if "payment" in request.POST:
                return redirect(recording_url(fee.campaign_id, [fee.member_id]))
            return redirect(f"{reverse('admin:members_application_changelist')}?verification=a-verifier")
        member = _beside(request, application, form)
        fee = applying.live_fee(application, member) if member else None
        lines, people = _lines(application, member, fee, form), _people(application, member, form)
        coming = [person["row"] for person in people if person["is_taken"] and not person["known"]]
        take = [line["name"] for line in lines if line["is_taken"]]
        changes = applying.foresee(application, member, coming, take, now=timezone.now())
        context = {
            "form": form,
            "original": application,
            "subtitle": application.name,
            "back": back,
            "member": member,
            "fee": fee,
            "is_call_offered": application.asked > 0 if fee is None else fee.status == MembershipFee.Status.DUE,
            "other": OtherMemberForm(initial={"cotisant": member}),
            "likely": [
                suggestion
                for suggestion in finding.suggest(
                    email=application.email, organisation=application.name, name=application.contact_name
                )
                if suggestion.member != member
            ],
            "siblings": applying.siblings(application, member),
            "lines": lines,
            "people": people,
            "foreseen": Foreseen.of(changes) if changes else None,
            "limit": application.category.people_limit,
        }
        template = "admin/members/application/check.html"
        return self.act_page(request, template, "Vérifier un bulletin", context)

    def _check(self, request: HttpRequest, application: Application, form: CheckForm) -> MembershipFee | None:
        """The fee of the form, once it is checked; otherwise None, and the form says why."""
        data = form.cleaned_data
        user = cast(User, request.user)
        try:
            with outbox.recording() as letters:
                fee = applying.check(
                    application,
                    member=data["member"],
                    people=list(data["people"]),
                    take=data["take"],
                    is_called=data["is_called"] and "payment" not in request.POST,
                    user=user,
                    now=timezone.now(),
                )
        except (applying.CheckRefused, fees.FeeTransitionRefused) as refused:
            form.add_error(None, str(refused))
            return None
        self.log_change(request, application, "Vérifié.")
        told = f"{typography.counted(len(letters), 'message part,messages partent')}." if letters else ""
        messages.success(request, f"Le bulletin de « {application} » est vérifié. {told}".strip())
        return fee


def _beside(request: HttpRequest, application: Application, form: CheckForm) -> Member | None:
    """The member beside which the form is read: the one that was chosen, else the one it seems to come from; None for
    a payer to create.
    """
    asked = form["member"].data if form.is_bound else request.GET.get("cotisant")
    if asked == NEW:
        return None
    chosen = OtherMemberForm({"cotisant": asked})
    if chosen.is_valid():
        found: Member | None = chosen.cleaned_data["cotisant"]
        return found
    return application.fee.member if application.fee else applying.claimed_member(application)


def _lines(
    application: Application, member: Member | None, fee: MembershipFee | None, form: CheckForm
) -> list[dict[str, Any]]:
    """What the form says, line by line, beside what the member and its fee say today. What they lack is taken unless
    told otherwise; what differs is not.
    """
    different = applying.differences(application, member)
    lines = []
    for name in (*applying.OF_MEMBER, applying.DOMAIN, *applying.OF_FEE):
        typed = _text(application, name)
        if not typed:
            continue
        known = _text(fee if name in applying.OF_FEE else member, name)
        # A fee to open says what the form says of it; one that was accepted keeps its category.
        is_locked = fee is None if name in applying.OF_FEE else member is None and name == "name"
        is_locked = is_locked or (name == "category" and fee is not None and fee.status != MembershipFee.Status.DUE)
        is_different = name in different
        lines.append(
            {
                "name": "" if is_locked else name,
                "label": capfirst(str(cast(Field, Application._meta.get_field(name)).verbose_name)),
                "typed": typed,
                "known": known,
                "is_different": is_different,
                "is_taken": name in (form["take"].data or []) if form.is_bound else is_different and not known,
            }
        )
    return lines


def _text(row: Any, name: str) -> str:
    """A detail as one reads it; nothing of a member or of a fee that is yet to come."""
    if row is None:
        return ""
    if name == applying.DOMAIN and isinstance(row, Member):
        return ", ".join(domain.domain for domain in row.domains.all())
    match name:
        case "category":
            return f"{row.category.label}, {typography.amount(row.amount)}"
        case "siret":
            return typography.siret(row.siret)
        case "method":
            return str(row.get_method_display())
    return str(getattr(row, name))


def _people(application: Application, member: Member | None, form: CheckForm) -> list[dict[str, Any]]:
    """Everybody the form names; those the member does not know yet are added unless told otherwise."""
    rows = list(application.people.all())
    listed = set(member.people.values_list("email", flat=True)) if member else set()
    strangers = applying.strangers(rows, member)
    chosen = form["people"].data or [] if form.is_bound else [str(row.pk) for row in strangers]
    people = []
    for row in rows:
        known = "" if row in strangers else "couverte par un domaine"
        known = "déjà parmi ses personnes" if row.email in listed else known
        people.append({"row": row, "known": known, "is_taken": str(row.pk) in chosen})
    return people


def _named(person: ApplicationPerson) -> str:
    return f"{person.name}, {person.email}" if person.name else person.email
