"""« Bulletin de cotisation » of someone who registered, filled with what they typed (R15)."""

from django.utils import timezone

from caprural.house.models import Organisation
from members import documents
from members.models import FeeCampaign
from sessions_app.models import Registration, TrainingSession


def pdf(registration: Registration, session: TrainingSession) -> bytes:
    """The form of the campaign that covers the session's date, dated from the registration (R12, R15)."""
    return documents.membership_form(
        _campaign(session),
        organisation=Organisation.current(),
        applicant=documents.Applicant(
            first_name=registration.first_name,
            last_name=registration.last_name,
            email=registration.email,
            phone=registration.phone,
            organisation=registration.organisation,
            job_title=registration.job_title,
        ),
        on=timezone.localdate(registration.registered_at),
    )


def filename(session: TrainingSession) -> str:
    """« bulletin-de-cotisation-2017.pdf »: the campaign's year or years."""
    return documents.membership_form_filename(_campaign(session))


def _campaign(session: TrainingSession) -> FeeCampaign | None:
    return FeeCampaign.objects.of(session.first_date)
