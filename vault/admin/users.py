"""The people of the admin. Superusers make accounts and give roles; nobody learns another's password."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UsernameField
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils import timezone

from vault import own_address, sentences
from vault.admin.acts import Act, ActingPage, Done
from vault.admin.pages import NOTHING, column, moment, section
from vault.admin.site import site
from vault.errors import PersonError
from vault.people import accounts, sign_in
from vault.people.groups import ORGANIZER, RESEARCHER

if TYPE_CHECKING:
    Base = UserAdmin[User]
else:
    Base = UserAdmin

ROLES = {
    ORGANIZER: "Organizer: acts. Seals, plans and opens rounds, admits teams, issues tokens, publishes.",
    RESEARCHER: "Researcher: looks at everything, raw scores included, and changes nothing.",
}


class OwnForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("first_name", "last_name", "email")
        help_texts = {
            "username": "It stays: the journal names people by it.",
            "email": "For people to reach one another. The service sends no mail.",
        }


class RightsForm(OwnForm):
    role = forms.ChoiceField(choices=ROLES, widget=forms.RadioSelect)

    class Meta(OwnForm.Meta):
        fields = (*OwnForm.Meta.fields, "is_superuser")  # type: ignore[assignment]
        labels = {"is_superuser": "Superuser"}
        help_texts = {
            **OwnForm.Meta.help_texts,
            "is_superuser": "Makes accounts, gives roles and shuts accounts; acts as an organizer, too.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            self.initial["role"] = accounts.role_of(person=self.instance)


class NewPersonForm(RightsForm):
    class Meta(RightsForm.Meta):
        fields = ("username", *RightsForm.Meta.fields)  # type: ignore[assignment]
        field_classes = {"username": UsernameField}
        help_texts = {
            **RightsForm.Meta.help_texts,
            "username": "The journal names people by it, so it stays. Letters, digits and @ . + - _",
        }

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        try:
            accounts.check_username(username=username)
        except PersonError as error:
            raise forms.ValidationError(sentences.whole(error.message)) from None
        return username


def _link(request: HttpRequest, person: User) -> str:
    assert isinstance(request.user, User)  # superusers alone come here
    link = accounts.make_password_link(person=person, by=request.user, now=timezone.now())
    path = reverse("set_password", args=[link.person, link.token])
    return own_address.absolute(request=request, path=path)


def _deactivate(request: HttpRequest, person: User, values: dict[str, Any]) -> Done:
    assert isinstance(request.user, User)
    accounts.deactivate(person=person, by=request.user, now=timezone.now())
    return Done(message=f"Deactivated {person}")


def _activate(request: HttpRequest, person: User, values: dict[str, Any]) -> Done:
    assert isinstance(request.user, User)
    accounts.activate(person=person, by=request.user, now=timezone.now())
    person.refresh_from_db()
    return Done(message=f"Activated {person}", shown_once=_link(request, person))


def _unlock(request: HttpRequest, person: User, values: dict[str, Any]) -> Done:
    n = sign_in.forget(username=person.username)
    return Done(message=f"Forgot {n} failed sign-ins of {person}")


ACTS = (
    Act(
        name="password-link",
        label="Make a password link",
        explanation="For a forgotten or a lost password. The password that the account has, its sessions and "
        "earlier links end now; the next page shows a link, once, with which the person sets a new one.",
        is_open=lambda person: person.is_active and person.is_staff,
        when="while an account is active and has a role",
        run=lambda request, person, values: Done(
            message=f"Made a password link for {person}", shown_once=_link(request, person)
        ),
    ),
    Act(
        name="unlock",
        label="Forget failed sign-ins",
        explanation="Whoever gives wrong passwords for this name waits, longer each time. From now on "
        "everybody may try again at once.",
        is_open=lambda person: sign_in.n_failures(username=person.username) > 0,
        when="while wrong passwords for the name are remembered",
        run=_unlock,
    ),
    Act(
        name="deactivate",
        label="Deactivate",
        explanation="The account is shut at once: its sessions, its password and its links end. What the "
        "person did stays in the journal. It can be activated again.",
        is_open=lambda person: person.is_active,
        when="while an account is active",
        run=_deactivate,
    ),
    Act(
        name="activate",
        label="Activate",
        explanation="The account is opened with the role that it had. The next page shows a link, once, with "
        "which the person sets a password.",
        is_open=lambda person: not person.is_active,
        when="while an account is deactivated",
        run=_activate,
    ),
)


@admin.register(User, site=site)
class PersonAdmin(ActingPage, Base):
    list_display = ("username", "full_name", "role", "is_superuser", "is_active", "last_login")
    list_filter = ("is_active", "is_superuser", "groups")
    search_fields = ("username", "first_name", "last_name", "email")
    ordering = ("username",)
    readonly_fields = ("role_shown", "status", "has_password", "last_login_shown", "date_joined")
    filter_horizontal = ()
    add_form_template = None
    shown_once_template = "vault/admin/password_link.html"
    acts = ACTS

    def get_urls(self) -> list[URLPattern]:
        # Nobody types another's password.
        urls = super().get_urls()
        return [each for each in urls if each.name != "auth_user_password_change"]

    def _is_superuser(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whatever permissions somebody was given: who may change accounts may do everything."""
        return bool(request.user.is_active and getattr(request.user, "is_superuser", False))

    has_module_permission = has_view_permission = has_add_permission = _is_superuser
    has_change_permission = may_run = _is_superuser

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        # Nobody takes the own rights away, so that a superuser is left.
        form = NewPersonForm if obj is None else OwnForm if obj == request.user else RightsForm
        return admin.ModelAdmin.get_form(self, request, obj, change, form=form, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        person = [section(None, "username"), section("Person", *OwnForm.Meta.fields)]
        rights = section("Rights", "role", "is_superuser")
        if obj is None:
            return [*person, rights]
        if obj == request.user:
            own = (
                "Another superuser changes yours, so that nobody shuts the last one out by mistake."
            )
            rights = ("Rights", {"fields": ("role_shown",), "description": own})
        state = section("State", "status", "has_password", "last_login_shown", "date_joined")
        return [*person, rights, state]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else ("username", *self.readonly_fields)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        role = form.cleaned_data.get("role")
        accounts.save(person=obj, role=role, by=request.user, now=timezone.now())

    def response_add(
        self, request: HttpRequest, obj: User, post_url_continue: Any = None
    ) -> HttpResponse:
        done = Done(message=f"Made the account {obj}", shown_once=_link(request, obj))
        return self.show_once(request, obj, done)

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        # One account at a time: its link is on the next page.
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    full_name = column("name", lambda obj: obj.get_full_name() or NOTHING)
    role = column("role", lambda obj: accounts.role_of(person=obj) or NOTHING)
    status = column("status", lambda obj: "active" if obj.is_active else "deactivated")
    last_login_shown = column("last login (UTC)", lambda obj: moment(obj.last_login))
    has_password = column(
        "password",
        lambda obj: "set" if obj.has_usable_password() else "not set: a password link sets it",
    )

    @admin.display(description="role")
    def role_shown(self, obj: User) -> str:
        shown = [accounts.role_of(person=obj), "superuser" if obj.is_superuser else None]
        return ", ".join(each for each in shown if each) or NOTHING
