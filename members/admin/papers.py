"""What a fee has on paper and in the post: its call and its receipts, the messages written about it (SPEC §6, R23)."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from caprural import typography
from caprural.admin import StaffAdmin, page
from caprural.confirming import Foreseen, Told, ask
from caprural.mailing.admin import LettersInline
from caprural.mailing.models import Message
from members import emails, fees
from members.models import MembershipFee

#: What each message is, as its line names it once its text was erased.
KINDS = {
    emails.APPLICATION_RECEIVED: "bulletin reçu",
    emails.FEE_CALL: "appel de cotisation",
    emails.MEMBERSHIP_REMINDER: "relance",
    emails.RECEIPT: "reçu",
    "fee_cancelled": "cotisation annulée",
}
#: Names said at once in a notice; the page before it has shown them all.
NAMED = 20


def links(name: str, token: str) -> SafeString:
    """Where a document is read and where it is printed."""
    page, file = reverse(name, args=[token]), reverse(f"{name}_pdf", args=[token])
    return format_html('<a href="{}">page</a>, <a href="{}">PDF</a>', page, file)


class FeeLetters(LettersInline):
    """What the payer was written; a letter by post has no other text than its kind."""

    verbose_name_plural = "messages au cotisant"
    kinds = KINDS


class FeePapers(StaffAdmin):
    """On the page of a fee, its documents and its messages; in the list, the calls to send."""

    inlines = (FeeLetters,)

    def get_inlines(self, request: HttpRequest, obj: MembershipFee | None = None) -> Any:
        return self.inlines if obj else ()

    @admin.display(description="documents")
    def papers(self, fee: MembershipFee) -> SafeString:
        found = [("Appel de cotisation", links("fee_call", fee.token))]
        for receipt in fee.receipts.all():
            void = ", annulé" if receipt.voided_at else ""
            found.append((f"Reçu n° {receipt.label}{void}", links("receipt", receipt.token)))
        return format_html_join("", "<div>{} : {}</div>", found)

    @page("<int:pk>/recu/", name="issue_receipt")
    def issue_receipt(self, request: HttpRequest, pk: int) -> HttpResponse:
        """« Émettre le reçu » of a payment that came without one: it was imported."""
        fee: MembershipFee = self.row(request, pk)
        back = reverse("admin:members_membershipfee_change", args=[fee.pk])
        if known := fee.receipts.filter(voided_at__isnull=True).first():
            messages.info(request, f"Le reçu n° {known.label} est déjà émis.")
            return redirect(back)
        if request.method == "POST":
            try:
                receipt = fees.issue_receipt(fee, now=timezone.now())
            except fees.FeeTransitionRefused as refused:
                messages.error(request, str(refused))
            else:
                self.log_change(request, fee, f"Reçu n° {receipt.label} émis.")
                sent = f"envoyé à {fee.member.email}" if fee.member.email else "à imprimer"
                messages.success(request, f"Le reçu n° {receipt.label} est émis, {sent}.")
            return redirect(back)
        sent = f"envoyé à {fee.member.email}" if fee.member.email else "à imprimer, faute d’adresse e-mail"
        context = {
            "form": Form(),
            "submit": "Émettre le reçu",
            "original": fee,
            "subtitle": str(fee),
            "back": back,
            "notice": f"Le reçu prend le prochain numéro de l’année, qui ne servira plus. Il est {sent}.",
        }
        return self.act_page(request, "admin/act.html", "Émettre le reçu", context)

    @admin.action(description="Envoyer l’appel de cotisation", permissions=["change"])
    def send_calls(self, request: HttpRequest, queryset: QuerySet[MembershipFee]) -> HttpResponse | None:
        """Show the calls exactly as they will leave, then send them, once even after a double click (R23)."""
        now, sending = timezone.now(), _sending(request)
        called_already = Message.objects.of(MembershipFee).filter(kind=emails.FEE_CALL, key=sending)
        if called_already.exists():
            messages.info(request, "Ces appels sont déjà partis : ils n’ont pas été envoyés une seconde fois.")
            return None
        pks = sorted(queryset.values_list("pk", flat=True))
        rows = MembershipFee.objects.filter(pk__in=pks).order_by("pk").select_related("member", "campaign", "category")

        def owed(rows: QuerySet[MembershipFee]) -> list[MembershipFee]:
            """But for those that the first of two clicks has called."""
            return [fee for fee in rows.exclude(pk__in=called_already.values("about_id")) if fee.is_owed]

        def foresee(rows: QuerySet[MembershipFee]) -> Foreseen:
            called = [fee for fee in owed(rows) if fee.member.email]
            told = [Told.by(emails.fee_call_to_read(fee), fee.member) for fee in called]
            return Foreseen(told, details=(sending, pks))

        def act(rows: QuerySet[MembershipFee]) -> None:
            called = owed(rows)
            for fee in called:
                emails.fee_call(fee, key=sending, now=now)
            self._say(request, called)

        foreseen, is_done = ask(
            request, row=rows, lock=lambda: rows.select_for_update(of=("self",)), foresee=foresee, act=act
        )
        if is_done:
            return None
        left = owed(rows)
        return self.act_page(
            request,
            "admin/members/membershipfee/send_calls.html",
            "Envoyer l’appel de cotisation",
            {
                "form": Form(),
                "submit": f"Envoyer {_calls(len(foreseen.told))}",
                "back": request.get_full_path(),
                "foreseen": foreseen,
                "by_post": [fee for fee in left if not fee.member.email],
                "not_owed": len(pks) - len(left),
                "sending": sending,
                "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
                "select_across": request.POST.get("select_across", "0"),
            },
        )

    def _say(self, request: HttpRequest, called: list[MembershipFee]) -> None:
        """How many left, and which are left to print."""
        sent, by_post = ([fee for fee in called if bool(fee.member.email) is has_one] for has_one in (True, False))
        for fee in sent:
            self.log_change(request, fee, "Appel de cotisation envoyé.")
        messages.success(request, f"{_calls(len(sent))} {typography.plural(len(sent), 'envoyé,envoyés')}.")
        if by_post:
            files = ((reverse("fee_call_pdf", args=[fee.token]), fee.member) for fee in by_post[:NAMED])
            rest = f" et {len(by_post) - NAMED} de plus" if len(by_post) > NAMED else ""
            named = format_html_join(", ", '<a href="{}">{}</a>', files)
            messages.warning(request, format_html("Sans adresse e-mail, à imprimer et à poster : {}{}.", named, rest))


def _calls(number: int) -> str:
    return f"{number} {typography.plural(number, 'appel de cotisation,appels de cotisation')}"


def _sending(request: HttpRequest) -> str:
    """What tells this sending from another: given by the page, and sent back by it."""
    try:
        return str(UUID(request.POST.get("sending", "")))
    except ValueError:
        return str(uuid4())
