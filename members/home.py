"""What the coordination has to do about the annual fee, on the home of the admin (R22)."""

from collections import Counter
from datetime import datetime

from django.urls import reverse

from caprural import typography
from caprural.staff_site import Heading, Line
from members import reminding
from members.models import Application, MembershipFee


def headings(now: datetime) -> list[Heading]:
    """Forms to check, fees that are expected, letters to post."""
    return [
        Heading(
            "Bulletins en ligne à vérifier",
            [_application(application) for application in Application.objects.to_check().select_related("category")],
            f"{reverse('admin:members_application_changelist')}?verification=a-verifier",
        ),
        Heading("Cotisations attendues", _membership_fees()),
        Heading("Relances à faire par courrier", _letters(now)),
    ]


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
    text = f"{typography.counted(due, 'cotisation attendue,cotisations attendues')} de cotisants connus"
    return [
        Line(text, f"{reverse('admin:members_membershipfee_changelist')}?status__exact={MembershipFee.Status.DUE}"),
        Line("Enregistrer des paiements", reverse("admin:record_payments"), "par nom, SIRET, montant ou référence"),
    ]


def _letters(now: datetime) -> list[Line]:
    """A line per campaign with letters to post."""
    by_campaign = Counter(reminder.fee.campaign for reminder in reminding.by_post(now))
    return [
        Line(
            f"{typography.counted(letters, 'lettre,lettres')} à imprimer et à poster",
            reverse("admin:reminder_letters", args=[campaign.pk]),
            str(campaign),
        )
        for campaign, letters in by_campaign.items()
    ]
