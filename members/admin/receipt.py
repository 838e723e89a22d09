"""Receipts in the admin: read, printed, handed over; never written (SPEC §6)."""

import re
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from caprural import typography
from caprural.admin import FewFilter, ReadOnly, StaffAdmin
from caprural.mailing.models import Message, MessageQuerySet
from members import emails
from members.admin.papers import links
from members.models import MembershipFee, Receipt

_LABEL = re.compile(r"([0-9]{4})-0*([0-9]{1,9})")
#: What is said of a receipt that no message carries: its payer has no e-mail address.
TO_HAND_OVER = "à remettre"


class ValidityFilter(FewFilter):
    """Those of a payment that was cancelled."""

    title, parameter_name = "validité", "validite"
    options = {"valables": "valables", "annules": "annulés"}

    def narrowed(self, rows: QuerySet[Receipt], asked: str) -> QuerySet[Receipt]:
        return rows.filter(voided_at__isnull=asked == "valables")


class DeliveryFilter(FewFilter):
    """Those that no message carries."""

    title, parameter_name = "remise", "remise"
    options = {"e-mail": "par e-mail", "a-remettre": TO_HAND_OVER}

    def narrowed(self, rows: QuerySet[Receipt], asked: str) -> QuerySet[Receipt]:
        """A void receipt is no longer handed over."""
        is_carried = Exists(_carrying().filter(about_id=OuterRef("fee")))
        return rows.filter(is_carried) if asked == "e-mail" else rows.filter(~is_carried, voided_at__isnull=True)


@admin.register(Receipt)
class ReceiptAdmin(ReadOnly, StaffAdmin):
    """Receipts, the latest first: what was issued, to whom, and whether it has reached them."""

    kept = "Les numéros des reçus se suivent\u00a0: annulez plutôt la cotisation, son reçu le sera aussi."
    list_display = ("label_text", "payer", "amount_text", "issued_text", "voided_text", "delivery", "documents")
    list_filter = ("year", ValidityFilter, DeliveryFilter)
    search_fields = ("fee__member__name", "fee__member__siret", "fee__member__email", "fee__reference")
    search_help_text = "Numéro du reçu (2017-0001), nom, SIRET ou adresse e-mail du cotisant, référence du paiement"
    fields = ("label_text", "payer", "amount_text", "issued_text", "voided_text", "fee_link", "delivery", "documents")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Receipt]:
        return Receipt.objects.select_related("fee__member", "fee__campaign").prefetch_related(
            Prefetch("fee__messages", _carrying(), to_attr="receipt_messages")
        )

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if found := _LABEL.fullmatch(search_term.strip()):
            return queryset.filter(year=int(found[1]), number=int(found[2])), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="numéro")
    def label_text(self, receipt: Receipt) -> str:
        return receipt.label

    @admin.display(description="payeur")
    def payer(self, receipt: Receipt) -> str:
        return str(receipt.facts["payer"]["name"])

    @admin.display(description="montant")
    def amount_text(self, receipt: Receipt) -> str:
        return typography.amount(receipt.facts["amount"])

    @admin.display(description="émis le", ordering="issued_at")
    def issued_text(self, receipt: Receipt) -> str:
        return typography.medium_date(receipt.issued_on)

    @admin.display(description="annulé le", ordering="voided_at")
    def voided_text(self, receipt: Receipt) -> str:
        return typography.medium_date(receipt.voided_at)

    @admin.display(description="remise")
    def delivery(self, receipt: Receipt) -> str:
        found = receipt.fee.receipt_messages  # type: ignore[attr-defined]
        if not found:
            return "" if receipt.voided_at else TO_HAND_OVER
        return str(found[-1].outcome)

    @admin.display(description="cotisation")
    def fee_link(self, receipt: Receipt) -> SafeString:
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:members_membershipfee_change", args=[receipt.fee_id]), receipt.fee
        )

    @admin.display(description="document")
    def documents(self, receipt: Receipt) -> SafeString:
        return links("receipt", receipt.token)


def _carrying() -> MessageQuerySet:
    return Message.objects.of(MembershipFee).filter(kind=emails.RECEIPT)
