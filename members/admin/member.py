"""Members, the people they cover and their fees in the admin; two that are one become one (R13, R14)."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from caprural import typography
from caprural.admin import ReadOnly, page
from caprural.confirming import ConfirmingAdmin, Foreseen, ask, say_what_followed
from caprural.mailing import outbox
from members import consequences, finding, merging
from members.covering import Circle
from members.forms import EmailDomainForm, MergeForm
from members.models import CoveredPerson, EmailDomain, Member, MembershipFee

LIST = "admin:members_member_changelist"


class CoveredPersonInline(admin.TabularInline):
    model = CoveredPerson
    fields = ("email", "name")
    extra = 1


class EmailDomainInline(admin.TabularInline):
    model = EmailDomain
    form = EmailDomainForm
    extra = 0


class FeeInline(ReadOnly, admin.TabularInline):
    model = MembershipFee
    extra = 0
    fields = readonly_fields = ("campaign", "category", "amount_text", "status", "status_changed_at")
    show_change_link = True
    can_delete = False

    @admin.display(description="montant")
    def amount_text(self, fee: MembershipFee) -> str:
        return typography.amount(fee.amount)


@admin.register(Member)
class MemberAdmin(ConfirmingAdmin):
    """Members, the people they cover and their fees."""

    change_form_template = "admin/members/member/change_form.html"
    change_list_template = "admin/members/exported_list.html"
    list_display = ("name", "kind", "contact_name", "email", "siret")
    list_filter = ("kind",)
    actions = ("merge_two",)
    search_fields = ("name", "contact_name", "email", "siret", "people__email", "people__name", "domains__domain")
    inlines = (CoveredPersonInline, EmailDomainInline, FeeInline)
    fieldsets = (
        (None, {"fields": ("kind", "name", "contact_name", "email", "phone", "address")}),
        ("Organisme public", {"fields": ("siret", "service_code")}),
        (None, {"fields": ("note",)}),
    )

    def labels(self, rows: Sequence[Member]) -> dict[int, str]:
        return finding.labels(rows)

    def why_kept(self, request: HttpRequest, obj: Member) -> str:
        names = [str(fee.campaign) for fee in obj.fees.select_related("campaign")]
        if not names:
            return ""
        return (
            f"Ce cotisant a un historique ({typography.join_and(dict.fromkeys(names))}). S’il fait double emploi, "
            "cochez-le dans la liste avec celui qui doit rester, puis choisissez "
            "l’action «\u00a0Fusionner deux cotisants\u00a0»."
        )

    def foresee(self, request: HttpRequest, obj: Member, formsets: Sequence[Any]) -> Foreseen:
        """The seats that an address or a domain taken off would cost (R7b)."""

        def left(model: type, field: str) -> list[str]:
            [formset] = [formset for formset in formsets if formset.model is model]
            lines = [form.cleaned_data for form in formset.forms if form not in formset.deleted_forms]
            return [line[field] for line in lines if line.get(field)]

        people, domains = left(CoveredPerson, "email"), left(EmailDomain, "domain")
        coming = Circle(frozenset(people), frozenset(domains))
        after = {"people": {obj.pk: people}, "domains": {obj.pk: domains}}
        return Foreseen.of(
            consequences.foresee([obj.pk], lambda cover: cover.listing(**after), coming=coming, now=timezone.now())
        )

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        """People or domains may have come or gone: their seats are judged again (R7b, R14, R16)."""
        before = Circle.of([form.instance.pk])
        super().save_related(request, form, formsets, change)
        member = form.instance
        lost = f"plus couverte par {member}"
        done = consequences.draw(before | Circle.of([member.pk]), lost=lost, now=timezone.now())
        say_what_followed(request, done)

    # « Fusionner deux cotisants »

    @admin.action(description="Fusionner deux cotisants", permissions=["delete"])
    def merge_two(self, request: HttpRequest, queryset: QuerySet[Member]) -> HttpResponse | None:
        """Exactly two."""
        pks = sorted(queryset.values_list("pk", flat=True)[:3])
        if len(pks) != 2:
            messages.error(request, "Cochez deux cotisants, ni plus ni moins, puis recommencez.")
            return None
        return redirect("admin:merge_members", *pks)

    @page("<int:pk>/fusionner/<int:other_pk>/", name="merge_members")
    def merge_page(self, request: HttpRequest, pk: int, other_pk: int) -> HttpResponse:
        """Both members side by side, what will move, and which one is kept."""
        if not self.has_view_permission(request):
            raise Http404
        if not (self.has_change_permission(request) and self.has_delete_permission(request)):
            raise PermissionDenied
        related = ("people", "domains", "fees__campaign", "fees__category", "fees__applications")
        members = list(Member.objects.filter(pk__in={pk, other_pk}).prefetch_related(*related).order_by("pk"))
        if len(members) != 2:
            messages.warning(request, "Ces deux cotisants n’en font déjà plus qu’un.")
            return redirect(LIST)
        form = MergeForm(request.POST if request.method == "POST" else None, members=members)
        foreseen = None
        if form.is_valid():
            [kept], [gone] = (
                [member for member in members if (member == form.cleaned_data["keep"]) is is_kept]
                for is_kept in (True, False)
            )
            try:
                foreseen, is_done = ask(
                    request,
                    row=None,
                    lock=lambda: merging.lock([gone.pk, kept.pk]),
                    foresee=lambda _: Foreseen.of(merging.foresee(gone, into=kept, now=timezone.now())),
                    act=lambda _: self._merge(request, gone, kept),
                    is_free=True,
                )
            except merging.MergeRefused as refused:
                form.add_error(None, str(refused))
            else:
                if is_done:
                    return redirect("admin:members_member_change", kept.pk)
        context = {"form": form, "submit": "Fusionner", "members": members, "back": reverse(LIST), "foreseen": foreseen}
        return self.act_page(request, "admin/members/member/merge.html", "Fusionner deux cotisants", context)

    def _merge(self, request: HttpRequest, gone: Member, kept: Member) -> None:
        name = gone.name
        with outbox.recording() as letters:
            merging.merge(gone, into=kept, now=timezone.now())
        self.log_change(request, kept, f"Fusionné avec « {name} ».")
        told = f" {typography.counted(len(letters), 'message part,messages partent')}." if letters else ""
        messages.success(request, f"« {name} » et « {kept} » ne font plus qu’un.{told}")
