"""The two groups of people: organizers act, researchers look. A migration makes them."""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User

ORGANIZER = "organiser"
RESEARCHER = "researcher"


def may_act(user: AbstractBaseUser | AnonymousUser) -> bool:
    if not (isinstance(user, User) and user.is_active):
        return False
    return user.is_superuser or user.groups.filter(name=ORGANIZER).exists()
