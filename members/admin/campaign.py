"""Campaigns and their scale in the admin (R12)."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Count, QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from caprural import spreadsheets, typography
from caprural.admin import StaffAdmin, page
from caprural.confirming import Foreseen, Told, ask, say_what_followed
from members import consequences, emails, figures, opening, reminding
from members.covering import Circle
from members.forms import FeeCampaignForm, FeeCategoryForm, FeeCategoryFormSet, RenewalForm
from members.models import FeeCampaign, FeeCategory, MembershipFee


class FeeCategoryInline(admin.TabularInline):
    model = FeeCategory
    form = FeeCategoryForm
    formset = FeeCategoryFormSet
    extra = 0
    fields = ("position", "label", "amount", "scope", "max_people", "description")


@admin.register(FeeCampaign)
class FeeCampaignAdmin(StaffAdmin):
    """Campaigns with their scale, and everything one does from a campaign."""

    form = FeeCampaignForm
    list_display = ("name", "from_text", "to_text", "fee_count")
    inlines = (FeeCategoryInline,)
    change_form_template = "admin/members/feecampaign/change_form.html"
    fieldsets = (
        (None, {"fields": ("name", "starts_on", "ends_on")}),
        ("Relances", {"fields": ("reminders", "reminder_days")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[FeeCampaign]:
        return FeeCampaign.objects.annotate(fee_count=Count("fees"))

    @admin.display(description="premier jour couvert", ordering="starts_on")
    def from_text(self, campaign: FeeCampaign) -> str:
        return typography.medium_date(campaign.starts_on)

    @admin.display(description="dernier jour couvert", ordering="ends_on")
    def to_text(self, campaign: FeeCampaign) -> str:
        return typography.medium_date(campaign.ends_on)

    @admin.display(description="cotisations", ordering="fee_count")
    def fee_count(self, campaign: FeeCampaign) -> int:
        return int(campaign.fee_count)  # type: ignore[attr-defined]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        campaign = self.get_object(request, unquote(object_id))
        context: dict[str, Any] = {}
        if campaign is not None:
            context = {
                "sentence": figures.of(campaign).sentence,
                "show_delete": not _is_used(campaign),
                "can_open": request.user.has_perm("members.add_feecampaign"),
                "can_renew": request.user.has_perm("members.add_membershipfee"),
            }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **context})

    def lock(self, obj: Any) -> None:
        """All of them: no two cover the same day."""
        FeeCampaign.objects.lock()
        super().lock(obj)

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        """A longer period or a wider line of the scale: whoever waited for these fees is confirmed (R16)."""
        super().save_related(request, form, formsets, change)
        accepted = form.instance.fees.accepted().values_list("member", flat=True)
        say_what_followed(request, consequences.draw(Circle.of(accepted), now=timezone.now()))

    def why_kept(self, request: HttpRequest, obj: FeeCampaign) -> str:
        return "Des cotisations ou des bulletins en ligne en dépendent." if _is_used(obj) else ""

    def get_actions(self, request: HttpRequest) -> Any:
        """No bulk deletion: it would not look at the fees one campaign at a time."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    # From one year to the next (R12, R13)

    @page("<int:pk>/suivante/", name="open_next_campaign")
    def open_next(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What will be opened, then the new campaign's page, where its amounts are edited."""
        campaign: FeeCampaign = self.row(request, pk, "add_feecampaign")
        following, refused = None, None
        try:
            if request.method == "POST":
                following = opening.open_next(campaign)
                self.log_addition(request, following, f"Ouverte d’après « {campaign} ».")
                messages.success(
                    request,
                    f"La campagne « {following} » est ouverte avec le barème de « {campaign} » : "
                    "vérifiez ses montants avant d’ouvrir les cotisations.",
                )
                return redirect("admin:members_feecampaign_change", following.pk)
            following = opening.next_campaign(campaign)
        except opening.NothingFollows as reason:
            refused = reason
        categories = list(campaign.categories.all())
        context = {"following": following, "refused": refused, "original": campaign, "categories": categories}
        return self.act_page(request, "admin/members/feecampaign/next.html", "Ouvrir la campagne suivante", context)

    @page("<int:pk>/reconduire/", name="renew_fees")
    def renew(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Who paid the year before and has no fee yet: shown, with what each would receive, then opened at once."""
        campaign: FeeCampaign = self.row(request, pk, "add_membershipfee")
        form = RenewalForm(request.POST if request.method == "POST" else None)
        is_told = form.is_valid() and form.cleaned_data["is_told"]

        def plan() -> list[opening.Renewal]:
            return opening.renewals(campaign)

        def lock() -> list[opening.Renewal]:
            # Asked twice at once, the second finds nothing left to open.
            FeeCampaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
            return plan()

        def foresee(plan: list[opening.Renewal]) -> Foreseen:
            fees = [renewal.fee for renewal in plan if renewal.category]
            told = [_called(fee) for fee in fees if is_told and fee.member.email]
            return Foreseen(told, details=(is_told, [(fee.member_id, fee.category_id, fee.amount) for fee in fees]))

        def act(plan: list[opening.Renewal]) -> None:
            self._note(request, campaign, opening.renew(plan, is_told=is_told, now=timezone.now()), is_told)

        found, foreseen = plan(), None
        to_open = [renewal for renewal in found if renewal.category]
        if form.is_valid() and to_open:
            foreseen, is_done = ask(request, row=found, lock=lock, foresee=foresee, act=act)
            if is_done:
                return redirect("admin:renew_fees", campaign.pk)
        by_post = campaign.fees.filter(status=MembershipFee.Status.DUE, member__email="").select_related("member")
        context = {
            "form": form,
            "original": campaign,
            "preceding": FeeCampaign.objects.before(campaign),
            "foreseen": foreseen,
            "to_open": to_open,
            "by_hand": [renewal for renewal in found if renewal.category is None],
            "by_post": by_post,
            "submit": f"Ouvrir {typography.counted(len(to_open), 'cotisation,cotisations')}",
            "back": reverse("admin:members_feecampaign_change", args=[campaign.pk]),
            "notice": "",
        }
        title = "Ouvrir les cotisations des cotisants de l’année précédente"
        return self.act_page(request, "admin/members/feecampaign/renewal.html", title, context)

    def _note(self, request: HttpRequest, campaign: FeeCampaign, opened: list[MembershipFee], is_told: bool) -> None:
        for fee in opened:
            self.log_addition(request, fee, f"Ouverte pour « {campaign} », comme l’année précédente.")
        sent = sum(bool(fee.member.email) for fee in opened if is_told)
        said = f"{typography.counted(len(opened), 'cotisation ouverte,cotisations ouvertes')}."
        if sent:
            said += f" {typography.counted(sent, 'appel part,appels partent')} par e-mail."
        messages.success(request, said)

    # Reminders (R24)

    @page("<int:pk>/relances/", name="fee_reminders")
    def reminders(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Each fee still expected: since when, what was sent, and what comes next."""
        campaign: FeeCampaign = self.row(request, pk, "view_membershipfee")
        now = timezone.now()
        rows = reminding.expected(campaign, now)
        context = {
            "original": campaign,
            "rows": rows,
            "letters": sum(1 for row in rows if row.is_letter_due),
            "is_over": timezone.localdate(now) > campaign.ends_on,
        }
        return self.act_page(request, "admin/members/feecampaign/reminders.html", "Relances", context)

    @page("<int:pk>/relances/courrier/", name="reminder_letters")
    def letters(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The letters to print and post; those ticked are noted as sent, once."""
        campaign: FeeCampaign = self.row(request, pk, "change_membershipfee")
        now = timezone.now()
        if request.method == "POST":
            codes = set(request.POST.getlist("letter"))
            noted = reminding.note_posted(codes, campaign=campaign, now=now)
            if noted:
                said = "lettre est notée comme envoyée,lettres sont notées comme envoyées"
                messages.success(request, f"{typography.counted(noted, said)}.")
            elif codes:
                messages.warning(request, "Ces lettres étaient déjà notées comme envoyées, ou ne sont plus à envoyer.")
            else:
                messages.error(request, "Cochez les lettres que vous avez envoyées.")
            return redirect("admin:reminder_letters", campaign.pk)
        context = {
            "original": campaign,
            "letters": reminding.by_post(now, campaign.fees.all()),
            "today": timezone.localdate(now),
        }
        return self.act_page(request, "admin/members/feecampaign/letters.html", "Relances par courrier", context)

    # Figures (R13)

    @page("<int:pk>/chiffres/", name="campaign_figures")
    def figures(self, request: HttpRequest, pk: int) -> HttpResponse:
        """« Chiffres »: what was paid, committed, waived or is still expected, in words, as tables and as a plot."""
        campaign: FeeCampaign = self.row(request, pk, "view_membershipfee")
        found = figures.of(campaign)
        context = {
            "original": campaign,
            "figures": found,
            "statuses": [(status, figures.LABELS[status]) for status in figures.STATUSES],
            "plot": figures.plot(found),
        }
        return self.act_page(request, "admin/members/feecampaign/figures.html", "Chiffres", context)

    @page("<int:pk>/chiffres/cotisations.<str:extension>", name="campaign_figures_file")
    def figures_file(self, request: HttpRequest, pk: int, extension: str) -> HttpResponse:
        """The same, for a spreadsheet."""
        campaign: FeeCampaign = self.row(request, pk, "view_membershipfee")
        if extension not in spreadsheets.CONTENT_TYPES:
            raise Http404
        rows = figures.sheet(figures.of(campaign))
        content = spreadsheets.write(extension, figures.HEADER, rows, sheet="Chiffres")
        return spreadsheets.attached(f"chiffres-{slugify(campaign.name)}", extension, content)


def _is_used(campaign: FeeCampaign) -> bool:
    return campaign.fees.exists() or campaign.categories.filter(applications__isnull=False).exists()


def _called(fee: MembershipFee) -> Told:
    """A fee call as it will be read, but for the reference and the link, which exist once the fee does."""
    letter = emails.fee_call_to_read(fee)
    letter.text = letter.text.replace(fee.token, "…")
    return Told.by(letter, fee.member)
