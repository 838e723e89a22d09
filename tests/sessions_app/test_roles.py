import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.core.management import call_command

from sessions_app import roles
from tests.factories import make_staff

pytestmark = pytest.mark.django_db


def permissions() -> dict[str, set[str]]:
    """What each group of the database may do."""
    return {
        group.name: {
            f"{app}.{name}" for app, name in group.permissions.values_list("content_type__app_label", "codename")
        }
        for group in Group.objects.all()
    }


class TestGroups:
    """The two groups of the team are made by migrate, with exactly the permissions of the table."""

    def test_as_migrate_leaves_them(self) -> None:
        assert permissions() == {"Formateurs": roles.PERMISSIONS["Formateurs"], "Coordination": COORDINATION}

    def test_a_trainer_only_reads(self) -> None:
        assert roles.PERMISSIONS["Formateurs"] == {
            "sessions_app.view_trainingsession",
            "sessions_app.view_registration",
        }

    def test_what_was_added_by_hand_is_taken_away_and_what_was_lost_comes_back(self) -> None:
        trainers, coordination = Group.objects.get(name="Formateurs"), Group.objects.get(name="Coordination")
        trainers.permissions.add(Permission.objects.get(codename="view_membershipfee"))
        coordination.permissions.clear()

        call_command("migrate", verbosity=0)

        assert permissions() == {name: set(wanted) for name, wanted in roles.PERMISSIONS.items()}

    def test_a_deleted_group_comes_back_and_others_are_left_alone(self) -> None:
        Group.objects.get(name="Formateurs").delete()
        Group.objects.create(name="Stagiaires")

        call_command("migrate", verbosity=0)

        assert permissions() == {
            **{name: set(wanted) for name, wanted in roles.PERMISSIONS.items()},
            "Stagiaires": set(),
        }

    def test_every_permission_of_the_table_exists(self) -> None:
        existing = {
            f"{p.content_type.app_label}.{p.codename}" for p in Permission.objects.select_related("content_type")
        }

        assert [name for names in roles.PERMISSIONS.values() for name in names if name not in existing] == []


#: Written out once more on purpose: whoever gives the coordination a new right says so twice.
COORDINATION = {
    *(
        f"{app}.{verb}_{model}"
        for app, models in {
            "sessions_app": ("trainingsession", "sessionday", "sessiontrainer", "sessiondocument", "trainer"),
            "members": ("member", "coveredperson", "emaildomain", "feecampaign", "feecategory"),
        }.items()
        for model in models
        for verb in ("view", "add", "change", "delete")
    ),
    "sessions_app.view_registration",
    "sessions_app.add_registration",
    "sessions_app.change_registration",
    "house.view_heartbeat",
    "sessions_app.view_statuschange",
    "members.view_application",
    "members.change_application",
    "members.view_receipt",
    "members.view_membershipfee",
    "members.add_membershipfee",
    "members.change_membershipfee",
    "house.view_organisation",
    "house.add_organisation",
    "house.change_organisation",
    "members.view_spreadsheetimport",
    "members.add_spreadsheetimport",
    "members.change_spreadsheetimport",
    "mailing.view_message",
    "mailing.change_message",
}


class TestWhoSeesEverySession:
    @pytest.mark.parametrize(("group", "expected"), [("Coordination", True), ("Formateurs", False)])
    def test_by_group(self, group: str, expected: bool) -> None:
        assert roles.sees_every_session(make_staff(group=group)) is expected

    def test_nobody_else(self) -> None:
        without_group = User.objects.create_user("sans-groupe", is_staff=True)
        inactive = make_staff(group="Coordination", is_active=False)
        everything = User.objects.create_superuser("administration")

        assert [roles.sees_every_session(user) for user in (AnonymousUser(), without_group, inactive, everything)] == [
            False,
            False,
            False,
            True,
        ]
