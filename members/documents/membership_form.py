"""« Bulletin de cotisation », blank or filled (R12, R15). Knows nothing of sessions: whoever registers hands over an
`Applicant`.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils import timezone

from caprural import pdf
from caprural.house.models import Organisation
from members.models import Application, FeeCampaign

#: Lines for the people covered, the applicant's included.
PEOPLE_LINES = 4
#: What a form filled on line says under the names of an applicant.
_SAME = (
    *("email", "phone", "kind", "address", "siret", "amount", "method", "service_code", "engagement_number"),
    *("domain", "code"),
)


@dataclass(frozen=True)
class ListedPerson:
    """Someone the form asks to cover."""

    name: str = ""
    job_title: str = ""
    email: str = ""


@dataclass(frozen=True)
class Applicant:
    """What is already known of whoever hands in the form; what is empty is left to write by hand.

    `code` is the reference of the fee that the form has opened: with it, the form is one that was filled on line.
    """

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    organisation: str = ""
    job_title: str = ""
    kind: str = ""
    address: str = ""
    siret: str = ""
    category: int | None = None
    amount: Decimal | None = None
    method: str = ""
    service_code: str = ""
    engagement_number: str = ""
    people: tuple[ListedPerson, ...] = ()
    domain: str = ""
    code: str = ""

    @property
    def listed(self) -> tuple[ListedPerson, ...]:
        """The people to cover: those who are named, else the applicant."""
        alone = ListedPerson(f"{self.last_name} {self.first_name}".strip(), self.job_title, self.email)
        return self.people or ((alone,) if not self.code else ())


def membership_form(
    campaign: FeeCampaign | None, *, organisation: Organisation, applicant: Applicant | None, on: date
) -> bytes:
    """« Bulletin de cotisation » of a campaign, blank or filled with what is known of the applicant (R12, R15).

    Without campaign, or while its scale is empty, the form says that the scale is not published yet. `on` is the day
    of edition.
    """
    is_blank = applicant is None
    applicant = applicant or Applicant()
    return pdf.render(
        "pdf/membership_form.html",
        {
            "organisation": organisation,
            "campaign": campaign,
            "categories": list(campaign.categories.all()) if campaign else [],
            "applicant": applicant,
            "people": applicant.listed,
            "blank_rows": range(PEOPLE_LINES - len(applicant.listed)),
            "logo": organisation.logo_uri,
            "edited_on": on,
        },
        is_public=is_blank,
    )


def membership_form_filename(campaign: FeeCampaign | None) -> str:
    """« bulletin-de-cotisation-2017.pdf », with both years when the campaign runs over two, none without campaign."""
    years = sorted({campaign.starts_on.year, campaign.ends_on.year}) if campaign else []
    return "-".join(["bulletin-de-cotisation", *map(str, years)]) + ".pdf"


def filled_form(application: Application) -> bytes:
    """The form as someone filled it on line: every word they typed, every box they ticked (R15)."""
    first_name, _, last_name = application.contact_name.rpartition(" ")
    applicant = Applicant(
        first_name=first_name,
        last_name=last_name,
        organisation=application.name,
        category=application.category_id,
        people=tuple(ListedPerson(name=person.name, email=person.email) for person in application.people.all()),
        **{name: getattr(application, name) for name in _SAME},
    )
    return membership_form(
        application.category.campaign,
        organisation=Organisation.current(),
        applicant=applicant,
        on=timezone.localdate(application.received_at),
    )
