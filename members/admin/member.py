"""Members, the people they cover and their fees in the admin (R14)."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone

from caprural import typography
from caprural.admin import ReadOnly
from caprural.confirming import ConfirmingAdmin, Foreseen, say_what_followed
from members import consequences, finding
from members.admin.merging import MergingPages
from members.covering import Circle
from members.forms import EmailDomainForm
from members.models import CoveredPerson, EmailDomain, Member, MembershipFee


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
class MemberAdmin(MergingPages, ConfirmingAdmin):
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
