"""« Enregistrer des paiements »: find payers, tick them, record their payment, in one screen (R13, R16)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from caprural import typed_again, typography
from caprural.admin import StaffAdmin, page
from caprural.mailing.models import Message
from members import fees, finding
from members.forms import RecordingForm
from members.models import Application, FeeCampaign, FeeCategory, Member, MembershipFee, Receipt

Status = MembershipFee.Status

#: Payers shown for one search: beyond, one says more of whom one looks for.
SHOWN = 50
#: Payers of one transfer, and rows of the list that are brought here at once.
MOST = 100
FEES = "cotisation,cotisations"
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")


@dataclass(frozen=True)
class Payer:
    """A line of the screen: a payer, its fee or the category under which one would be opened, a form to check."""

    found: finding.Found
    category: FeeCategory | None = None
    applications: tuple[Application, ...] = ()

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains whose people its fee covers beside those it lists; none where people are counted (R14)."""
        return self.found.domains if self._people_limit is None else ()

    @property
    def people(self) -> str:
        """How many of the people it lists its fee covers: « 3 », « 1 sur 3 » (R14)."""
        listed, limit = self.found.people, self._people_limit
        return str(listed) if limit is None or listed <= limit else f"{limit} sur {listed}"

    @property
    def _people_limit(self) -> int | None:
        category = self.fee.category if self.fee else self.category
        return category.people_limit if category else None

    @property
    def fee(self) -> MembershipFee | None:
        """The live fee of the campaign."""
        return self.found.fee

    @property
    def amount(self) -> Decimal | None:
        """What it would pay; None while nothing says it."""
        row = self.fee or self.category
        return row.amount if row else None

    @property
    def can_be_ticked(self) -> bool:
        """Whether something may still be recorded: a paid or waived fee moves no more."""
        return self.fee is None or self.fee.status in (Status.DUE, Status.COMMITTED)


class Desk:
    """What lies on the table: the campaign, what is searched, the payers ticked so far, all of it in the address."""

    def __init__(self, data: QueryDict, *, today: date) -> None:
        self.data = data
        self.campaigns = list(_campaigns(today, asked=data.get("campagne", "")))
        by_pk = {str(campaign.pk): campaign for campaign in self.campaigns}
        current = next((c for c in self.campaigns if c.starts_on <= today <= c.ends_on), None)
        self.campaign = by_pk.get(data.get("campagne", "")) or current or next(iter(self.campaigns), None)
        self.text = data.get("q", "").replace("\x00", "")[:200]
        self.ticked_pks = list(dict.fromkeys(int(pk) for pk in data.getlist("cotisant") if _NUMBER.fullmatch(pk)))
        #: The fee whose reference was searched: what is offered is what was searched, of whichever campaign.
        self.named = finding.fee_named(self.text)
        self.is_other_campaign = bool(
            self.named and self.named.status != Status.CANCELLED and self.named.campaign != self.campaign
        )
        if self.named and self.is_other_campaign and not self.ticked_pks:
            self.campaign = self.named.campaign
            self.campaigns = [self.campaign, *(one for one in self.campaigns if one != self.campaign)]
        self.categories = list(self.campaign.categories.select_related("campaign")) if self.campaign else []
        ticked = self.ticked_pks
        self.is_too_much = len(ticked) > MOST
        self.ticked = self._payers(finding.of_members(ticked[:MOST], self.campaign))
        found = finding.search(self.text, campaign=self.campaign, limit=SHOWN + MOST + 1)
        others = [one for one in found if one.member.pk not in ticked]
        self.has_more = len(others) > SHOWN
        self.results = self._payers(others[:SHOWN])
        #: On-line forms that the search may mean: they are checked before their payment is recorded.
        self.forms = finding.forms_to_check(self.text)[:SHOWN]

    @property
    def total(self) -> Decimal:
        """What the ticked payers owe together."""
        return sum((payer.amount or Decimal(0) for payer in self.ticked), Decimal(0))

    @property
    def can_tick_more(self) -> bool:
        """Whether a payer found may join the selection."""
        return any(payer.can_be_ticked for payer in self.results)

    @property
    def sum(self) -> str:
        """How many and how much, as the button announces it: what is sent is compared with what was read."""
        return f"{len(self.ticked)}:{self.total:.2f}" if self.ticked else ""

    @property
    def faults(self) -> list[str]:
        """Why nothing can be recorded yet."""
        if not self.ticked:
            return ["Cochez au moins un cotisant."]
        if self.is_too_much:
            return [f"Enregistrez au plus {MOST} cotisations à la fois : seules les premières sont cochées."]
        if nameless := [str(payer.found.member) for payer in self.ticked if payer.amount is None]:
            return [f"Choisissez la catégorie de la cotisation à ouvrir pour {typography.join_and(nameless)}."]
        announced = self.data.get("annonce", "")
        if announced and announced != self.sum:
            return [
                f"La sélection a changé : {typography.counted(len(self.ticked), FEES)}, "
                f"{typography.amount(self.total)} en tout. Relisez, puis enregistrez."
            ]
        return []

    def _payers(self, found: list[finding.Found]) -> list[Payer]:
        """With the category chosen beside those that have no fee, and the forms that wait to be checked."""
        scale = {str(category.pk): category for category in self.categories}
        to_check = list(Application.objects.to_check()) if found else []
        return [
            Payer(
                one,
                category=None if one.fee else scale.get(self.data.get(f"categorie-{one.member.pk}", "")),
                applications=tuple(form for form in to_check if _may_be_from(form, one.member)),
            )
            for one in found
        ]


class PaymentRecording(StaffAdmin):
    """The screen, the page that says what was done, and the action of the list that leads there."""

    @admin.action(description="Enregistrer…", permissions=["change"])
    def record(self, request: HttpRequest, queryset: QuerySet[MembershipFee]) -> HttpResponse | None:
        """To the screen, with the payers of these rows ticked."""
        rows = list(queryset.order_by("pk").values_list("campaign", "member")[: MOST + 1])
        if len({campaign for campaign, _ in rows}) != 1 or len(rows) > MOST:
            messages.error(request, f"Cochez au plus {MOST} cotisations, toutes de la même campagne.")
            return None
        return redirect(recording_url(rows[0][0], [member for _, member in rows]))

    @page("enregistrer/", name="record_payments")
    def record_payments(self, request: HttpRequest) -> HttpResponse:
        """Search, tick, record: all the ticked fees or none, and once even after a double click."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        now = timezone.now()
        is_sent = request.method == "POST"
        data = typed_again.given(request)
        desk = Desk(data, today=timezone.localdate(now))
        form = RecordingForm(
            data if is_sent else None,
            initial={name: data[name] for name in RecordingForm.base_fields if name in data},
            today=timezone.localdate(now),
            campaign=desk.campaign,
            total=desk.total if desk.ticked else None,
        )
        if is_sent and _is_sound(form, desk):
            try:
                done = self._record(request, desk, form.cleaned_data, now=now)
            except (fees.FeeTransitionRefused, fees.AlreadySubscribed) as refused:
                form.add_error(None, str(refused))
            else:
                return redirect(
                    f"{reverse('admin:payments_recorded')}?{urlencode([('cotisation', pk) for pk in done])}"
                )
        context = {"desk": desk, "form": form, "count": typography.counted(len(desk.ticked), FEES)}
        return self.act_page(
            request, "admin/members/membershipfee/record_payments.html", "Enregistrer des paiements", context
        )

    @transaction.atomic
    def _record(self, request: HttpRequest, desk: Desk, data: Mapping[str, Any], *, now: datetime) -> list[int]:
        """Open what has no fee yet, accept everything, write the history; the fees concerned."""
        chosen = {payer.found.member.pk: payer.category for payer in desk.ticked}
        # The same form sent twice waits here, then finds its own fees.
        list(Member.objects.select_for_update().filter(pk__in=chosen).order_by("pk").values_list("pk"))
        found = finding.of_members(list(chosen), desk.campaign)
        proof = fees.Proof(
            method=data["method"],
            reference=data["reference"],
            engagement_number=data["engagement_number"],
            paid_on=data["paid_on"],
        )
        live = [one.fee for one in found if one.fee]
        if live and len(live) == len(chosen) and all(_says(fee, data["status"], proof) for fee in live):
            messages.info(request, "C’était déjà enregistré : rien n’a changé.")
            return [fee.pk for fee in live]
        accepted = [one.fee or self._open(one.member, chosen[one.member.pk], now=now) for one in found]
        follows = fees.accept(accepted, data["status"], proof=proof, now=now)
        for fee in accepted:
            self.log_change(request, fee, _history(fee))
        total = typography.amount(sum((fee.amount for fee in accepted), Decimal(0)))
        plural = "s" if len(accepted) > 1 else ""
        messages.success(
            request, f"{typography.counted(len(accepted), FEES)} enregistrée{plural} pour {desk.campaign}, {total}."
        )
        for sentence in follows:
            messages.info(request, f"{sentence}.")
        return [fee.pk for fee in accepted]

    def _open(self, member: Member, category: FeeCategory | None, *, now: datetime) -> MembershipFee:
        if category is None:
            raise fees.FeeTransitionRefused(
                f"La cotisation de {member} a été annulée entre-temps : choisissez la catégorie de celle à ouvrir."
            )
        return fees.subscribe(member, category, now=now)

    @page("enregistrees/", name="payments_recorded")
    def payments_recorded(self, request: HttpRequest) -> HttpResponse:
        """What became of each fee: its receipt, to whom it was sent, or that it is to be printed."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        pks = [int(pk) for pk in request.GET.getlist("cotisation") if _NUMBER.fullmatch(pk)][:MOST]
        done = list(MembershipFee.objects.filter(pk__in=pks).select_related("member", "campaign", "category"))
        receipts = {receipt.fee_id: receipt for receipt in Receipt.objects.filter(fee__in=done, voided_at__isnull=True)}
        sent = Message.objects.of(MembershipFee).filter(about_id__in=pks, kind="receipt").exclude(to="")
        addresses = dict(sent.order_by("pk").values_list("about_id", "to"))
        context = {
            "lines": [(fee, receipts.get(fee.pk), addresses.get(fee.pk, "")) for fee in done],
            "again": recording_url(done[0].campaign_id, []) if done else reverse("admin:record_payments"),
        }
        return self.act_page(
            request, "admin/members/membershipfee/payments_recorded.html", "Paiements enregistrés", context
        )


def recording_url(campaign: int, members: list[int]) -> str:
    """The screen, opened on a campaign with these payers ticked."""
    asked = [("campagne", campaign), *(("cotisant", member) for member in members)]
    return f"{reverse('admin:record_payments')}?{urlencode(asked)}"


def _may_be_from(application: Application, member: Member) -> bool:
    """Whether a form says the SIRET or the address of this member."""
    return bool(
        (application.siret and application.siret == member.siret)
        or (member.email and application.email == member.email.lower())
    )


def _campaigns(today: date, *, asked: str) -> QuerySet[FeeCampaign]:
    """Those that are not over, those that someone still has to pay, and the one asked for."""
    owed = MembershipFee.objects.filter(status__in=(Status.DUE, Status.COMMITTED)).order_by().values("campaign")
    offered = Q(ends_on__gte=today) | Q(pk__in=owed)
    if _NUMBER.fullmatch(asked):
        offered |= Q(pk=int(asked))
    return FeeCampaign.objects.filter(offered)


def _is_sound(form: RecordingForm, desk: Desk) -> bool:
    """Whether what was typed and what is ticked can be recorded; what is wrong is said in the form."""
    form.is_valid()
    for fault in desk.faults:
        form.add_error(None, fault)
    return form.is_valid()


def _says(fee: MembershipFee, status: str, proof: fees.Proof) -> bool:
    """Whether the fee already says all that one is about to record."""
    typed = ("method", "reference", "engagement_number")
    return (
        fee.status == status
        and all(getattr(proof, name) in ("", getattr(fee, name)) for name in typed)
        and (status != Status.PAID or fee.paid_on == proof.paid_on)
    )


def _history(fee: MembershipFee) -> str:
    """What the history keeps of it: « État : payée (virement, VIR-17) »."""
    proof = ", ".join(filter(None, (fee.get_method_display(), fee.reference, fee.engagement_number)))
    return f"État : {fee.get_status_display()}" + (f" ({proof})." if proof else ".")
