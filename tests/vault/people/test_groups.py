from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser, Group, Permission, User

from vault.people.groups import ORGANIZER, RESEARCHER, may_act

pytestmark = pytest.mark.django_db

ACTS = {
    "vault.add_benchmark",
    "vault.change_benchmark",
    "vault.add_holdout",
    "vault.change_holdout",
    "vault.add_round",
    "vault.change_round",
    "vault.add_team",
    "vault.change_team",
    "vault.change_teamtoken",
}


def migrate() -> None:
    import_module("vault.migrations.0003_groups").create_groups(apps, None)
    import_module("audits.migrations.0002_groups").let_groups_read(apps, None)


def member_of(*groups: str) -> User:
    user = User.objects.create_user("ada", is_staff=True)
    for name in groups:
        user.groups.add(Group.objects.get(name=name))
    return user


def test_organizers_may_do_the_acts_and_nothing_else() -> None:
    migrate()
    organizer = member_of(ORGANIZER).get_all_permissions()
    researcher = User.objects.create_user("bob")
    researcher.groups.add(Group.objects.get(name=RESEARCHER))

    assert organizer - researcher.get_all_permissions() == ACTS


def test_researchers_look_at_what_is_not_sealed() -> None:
    migrate()

    allowed = member_of(RESEARCHER).get_all_permissions()
    assert {each.split(".")[1].split("_")[0] for each in allowed} == {"view"}
    assert "audits.view_finding" in allowed
    for secret in ("sealedblob", "wrappedkey", "roundsecret", "rawscore", "mechanismstate"):
        assert not any(secret in each for each in allowed)


def test_groups_are_made_on_a_database_that_has_none_and_on_one_that_has_them() -> None:
    """Permissions exist or not when the migration runs; what people added stays."""
    Group.objects.all().delete()
    Permission.objects.filter(content_type__app_label__in=["vault", "audits"]).delete()
    migrate()
    made = sorted(Group.objects.values_list("name", "permissions__codename"))
    added = Permission.objects.get(codename="view_user")
    Group.objects.get(name=RESEARCHER).permissions.add(added)

    migrate()

    again = sorted(Group.objects.values_list("name", "permissions__codename"))
    assert again == sorted([*made, (RESEARCHER, "view_user")])
    assert len(made) == 9 + 4 + 9 + 4 + len(ACTS)


def test_only_active_organizers_and_superusers_may_act() -> None:
    migrate()
    organizer = member_of(ORGANIZER)

    assert may_act(organizer)
    assert not may_act(AnonymousUser())
    assert not may_act(User.objects.create_user("bob", is_staff=True))
    assert may_act(User.objects.create_superuser("eve"))
    organizer.is_active = False
    assert not may_act(organizer)
