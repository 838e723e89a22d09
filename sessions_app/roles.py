"""What each staff group may do, as data, and who may see which session and which fee."""

from datetime import date, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Group, Permission, User
from django.db import connection

TRAINERS = "Formateurs"
COORDINATION = "Coordination"

#: Group -> permissions, as « application.codename ». Rewritten at each migrate: the code is the truth.
PERMISSIONS: dict[str, frozenset[str]] = {
    TRAINERS: frozenset({"sessions_app.view_trainingsession", "sessions_app.view_registration"}),
    COORDINATION: frozenset(
        {
            f"sessions_app.{verb}_{model}"
            for model in ("trainingsession", "sessionday", "sessiontrainer", "sessiondocument", "trainer")
            for verb in ("view", "add", "change", "delete")
        }
        | {"sessions_app.view_registration", "sessions_app.change_registration", "sessions_app.add_registration"}
        | {"sessions_app.view_statuschange"}
        | {
            f"members.{verb}_{model}"
            for model in ("member", "coveredperson", "emaildomain", "feecampaign", "feecategory")
            for verb in ("view", "add", "change", "delete")
        }
        | {"members.view_application", "members.change_application", "members.view_receipt"}
        | {"members.view_membershipfee", "members.add_membershipfee", "members.change_membershipfee"}
        | {f"members.{verb}_spreadsheetimport" for verb in ("view", "add", "change")}
        | {"mailing.view_message", "mailing.change_message"}
        | {"house.view_organisation", "house.add_organisation", "house.change_organisation", "house.view_heartbeat"}
    ),
}


def create_groups(**kwargs: Any) -> None:
    """Give each group exactly its permissions; connected to post_migrate, so idempotent."""
    if Permission._meta.db_table not in connection.introspection.table_names():
        return  # one application alone was migrated: the accounts are still to come
    wanted = {name for names in PERMISSIONS.values() for name in names}
    apps = {name.partition(".")[0] for name in wanted}
    found = Permission.objects.select_related("content_type").filter(content_type__app_label__in=apps)
    by_name = {f"{permission.content_type.app_label}.{permission.codename}": permission for permission in found}
    if not wanted <= by_name.keys():
        return  # post_migrate of an earlier application: ours is still to come
    for name, permissions in PERMISSIONS.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set(by_name[permission] for permission in permissions)


#: A trainer keeps the addresses, phones and needs of the people of a session that long after it (R25).
CONTACTS_OPEN_FOR = timedelta(days=30)


def sees_contacts(user: User | AnonymousUser | AbstractBaseUser, *, last_on: date | None, today: date) -> bool:
    """Whether this account still reads how to reach the people of a session, and what they need, on that day."""
    return sees_every_session(user) or last_on is None or today <= last_on + CONTACTS_OPEN_FOR


def sees_every_session(user: User | AnonymousUser | AbstractBaseUser) -> bool:
    """Coordination sees every session and its fees; a trainer only their own sessions, and nothing about fees."""
    return isinstance(user, User) and user.has_perm("sessions_app.change_trainingsession")
