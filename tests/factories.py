"""One keyword-only function per noun; what a test does not say has a sensible value."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.contrib.auth.models import Group, User

from members import fees
from members.models import (
    Application,
    ApplicationPerson,
    CoveredPerson,
    EmailDomain,
    FeeCampaign,
    FeeCategory,
    Member,
    MembershipFee,
)
from sessions_app.models import Registration, SessionDay, SessionTrainer, Trainer, TrainingSession

PARIS = ZoneInfo("Europe/Paris")
_number = count(1)


def paris(*parts: int) -> datetime:
    """An instant as a person in France reads it: paris(2017, 4, 4, 23, 59, 59).

    In UTC, as `timezone.now()` gives it: Python subtracts two datetimes of one time zone as if clocks never changed.
    """
    return datetime(*parts, tzinfo=PARIS).astimezone(UTC)


#: A quiet day on which the default session takes registrations.
NOW = paris(2017, 3, 1, 10)


def make_session(
    *,
    days: tuple[date, ...] = (date(2017, 4, 12),),
    starts_at: time = time(9, 30),
    ends_at: time | None = time(17, 30),
    trainers: tuple[Trainer, ...] = (),
    **fields: Any,
) -> TrainingSession:
    """A published session with the hours of the flyer, ten seats, its deadline, and no fee unless asked."""
    number = next(_number)
    defaults: dict[str, Any] = {
        "title": f"Session {number}",
        "slug": f"session-{number}",
        "status": TrainingSession.Status.PUBLISHED,
        "place": "à proximité de Givors (69)",
        "exact_address_follows": True,
        "contact_name": "Dominique Bernier",
        "contact_phone": "06 66 46 62 76",
        "contact_email": "contact@caprural.example",
        "min_participants": None,
        "max_participants": 10,
        "registration_deadline": date(2017, 4, 5),
        "fee_required": False,
    }
    session = TrainingSession.objects.create(**{**defaults, **fields})
    for day in days:
        SessionDay.objects.create(session=session, date=day, starts_at=starts_at, ends_at=ends_at)
    for position, trainer in enumerate(trainers):
        SessionTrainer.objects.create(session=session, trainer=trainer, position=position)
    return session


def make_trainer(*, user: User | None = None, **fields: Any) -> Trainer:
    """A trainer; with `user`, one who can open the admin."""
    defaults = {"name": f"Intervenante {next(_number)}", "organisation": "Cap Rural", "role": ""}
    return Trainer.objects.create(user=user, **{**defaults, **fields})


def make_candidate(session: TrainingSession, **fields: Any) -> Registration:
    """An unsaved registration, as the form hands it to `registering.register`."""
    number = next(_number)
    defaults = {
        "first_name": "Camille",
        "last_name": f"Durand-{number}",
        "email": f"camille.durand.{number}@structure.example",
        "organisation": "Pays des Collines",
        "job_title": "Chargée de mission",
        "profile": Registration.Profile.DEVELOPMENT_OFFICER,
    }
    return Registration(session=session, **{**defaults, **fields})


def make_registration(session: TrainingSession, *, now: datetime = NOW, **fields: Any) -> Registration:
    """A registration made through the front door, with the status the rules give it."""
    from caprural.limits.models import Spending
    from sessions_app import registering

    Spending.objects.all().delete()  # who is invented here is not a visitor who comes again and again
    registration = registering.register(make_candidate(session, **fields), now=now)
    assert registration is not None, "this address is registered already"
    return registration


def make_campaign(*, year: int = 2017, **fields: Any) -> FeeCampaign:
    """The campaign of a calendar year."""
    defaults = {"name": f"Cotisation {year}", "starts_on": date(year, 1, 1), "ends_on": date(year, 12, 31)}
    return FeeCampaign.objects.create(**{**defaults, **fields})


def make_category(*, campaign: FeeCampaign | None = None, **fields: Any) -> FeeCategory:
    """A category that covers a whole structure for 100 €."""
    campaign = campaign or FeeCampaign.objects.first() or make_campaign()
    defaults = {"label": f"Catégorie {next(_number)}", "amount": Decimal("100.00")}
    return FeeCategory.objects.create(campaign=campaign, **{**defaults, **fields})


def make_member(*, emails: tuple[str, ...] = (), domains: tuple[str, ...] = (), **fields: Any) -> Member:
    """A member that lists these addresses and declares these domains."""
    member = Member.objects.create(**{"name": f"Cotisant {next(_number)}", **fields})
    for email in emails:
        CoveredPerson.objects.create(member=member, email=email)
    for domain in domains:
        EmailDomain.objects.create(member=member, domain=domain)
    return member


def make_fee(
    member: Member,
    *,
    category: FeeCategory | None = None,
    status: str = MembershipFee.Status.PAID,
    now: datetime = NOW,
) -> MembershipFee:
    """A fee brought to its status by the verbs of `members.fees`."""
    fee = fees.subscribe(member, category or make_category(), now=now)
    verbs = {
        MembershipFee.Status.COMMITTED: fees.commit,
        MembershipFee.Status.PAID: fees.settle,
        MembershipFee.Status.WAIVED: fees.waive,
        MembershipFee.Status.CANCELLED: fees.cancel,
    }
    if status in verbs:
        verbs[MembershipFee.Status(status)](fee, now=now)
    return fee


def make_form(*, category: FeeCategory | None = None, **fields: Any) -> Application:
    """An unsaved application, as the form hands it to `applying.apply`."""
    category = category or FeeCategory.objects.first() or make_category()
    number = next(_number)
    defaults = {
        "kind": category.scope,
        "amount": Decimal(category.amount),
        "name": f"Structure {number}",
        "contact_name": "Camille Durand",
        "email": f"contact.{number}@structure.example",
        "method": MembershipFee.Method.TRANSFER,
        "submission_key": uuid4(),
    }
    return Application(category=category, **{**defaults, **fields})


def make_application(*, emails: tuple[str, ...] = (), now: datetime = NOW, **fields: Any) -> Application:
    """An application received through the front door, from a network of its own, for the people of these addresses."""
    from members import applying

    people = [ApplicationPerson(email=email) for email in emails]
    return applying.apply(make_form(**fields), people, network=f"network {next(_number)}", now=now)


def make_checked_application(
    *, member: Member | None = None, emails: tuple[str, ...] = (), now: datetime = NOW, **fields: Any
) -> Application:
    """One that the coordination has checked, taking all it says: of this member, else of the one it seems to come
    from, else of a new one.
    """
    from members import applying

    application = make_application(emails=emails, now=now, **fields)
    applying.check(
        application,
        member=member or applying.claimed_member(application),
        people=list(application.people.all()),
        take=(*applying.OF_MEMBER, *applying.OF_FEE[1:], applying.DOMAIN),
        user=User.objects.filter(is_staff=True).first() or make_staff(group="Coordination"),
        now=now,
    )
    return Application.objects.select_related("fee__member", "category__campaign").get(pk=application.pk)


def make_staff(*, group: str, username: str = "", **fields: Any) -> User:
    """A staff account of one of the two groups (`sessions_app.roles`)."""
    username = username or f"compte-{next(_number)}"
    user = User.objects.create_user(username, password="mot-de-passe", is_staff=True, **fields)
    user.groups.add(Group.objects.get(name=group))
    return user
