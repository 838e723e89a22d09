"""The admin of the team: what it opens on, and what keeps everything that was typed there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import update_wrapper
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone

from caprural import agenda, signing_in, typed_again

#: Days of what is to come.
AHEAD = 14
#: Lines shown under one heading; the rest is one link away.
SHOWN = 10


@dataclass(frozen=True)
class Line:
    """One thing to do: what it is about, in a few words, and the page where it is done."""

    text: str
    url: str
    detail: str = ""


@dataclass(frozen=True)
class Heading:
    """Things of one kind to do; `rest_url` leads to all of them when there are more than are shown."""

    title: str
    lines: Sequence[Line]
    rest_url: str = ""

    @property
    def shown(self) -> Sequence[Line]:
        """The first lines."""
        return self.lines[:SHOWN]

    @property
    def rest(self) -> int:
        """How many lines are not shown."""
        return max(len(self.lines) - SHOWN, 0)


@dataclass(frozen=True)
class Home:
    """What the admin opens on, for some of the team."""

    title: str
    headings: Sequence[Heading]
    #: Said when there is no heading.
    nothing: str


#: Each says what the home of an account is at an instant; the first that knows this account is listened to.
homes: list[Callable[[Any, datetime], Home | None]] = []


class Suggestions(AutocompleteJsonView):
    """What completes a name as one types: rows of one name are told apart."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        rows = context["object_list"]
        self.named = cast(Any, self.model_admin).labels(rows)
        return context

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        result: dict[str, str] = super().serialize_result(obj, to_field_name)
        return {**result, "text": self.named.get(obj.pk, result["text"])}


class StaffSite(AdminSite):
    """The admin of the team, which opens on what there is to do."""

    # The organisation's own name is in the templates.
    site_header = site_title = "Équipe"
    index_title = "Accueil"
    index_template = "admin/home.html"
    # Few pages, wide tables: the room goes to the tables.
    enable_nav_sidebar = False

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Without the stock « Voir sur le site », which leads to any row's page and asks no permission."""
        stock = [url for url in super().get_urls() if getattr(url, "name", None) != "view_on_site"]
        return [path("a-venir/", self.admin_view(self.coming), name="coming"), *stock]

    def coming(self, request: HttpRequest) -> TemplateResponse:
        """What will be done in the next days without anybody's hand (R24), for whoever sees that a worker runs."""
        if not request.user.has_perm("house.view_heartbeat"):
            raise PermissionDenied
        planned = list(agenda.coming(now=timezone.now(), days=AHEAD))
        context = {**self.each_context(request), "title": "Ce qui partira tout seul", "days": AHEAD, "planned": planned}
        return TemplateResponse(request, "admin/coming.html", context)

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        return cast(HttpResponse, Suggestions.as_view(admin_site=self)(request))

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """What is sent by someone who is no longer signed in is kept until they are again."""
        guarded = super().admin_view(view, cacheable)

        def keeping(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            is_row = typed_again.comes_back_as_sent(request)
            if not is_row and (sent := self.has_permission(request) and signing_in.give_back(request)):
                messages.warning(request, typed_again.NOT_SENT)
                with typed_again.coming_back(sent):
                    page = guarded(request, *args, **kwargs)
                    return page.render() if hasattr(page, "render") else page
            response = guarded(request, *args, **kwargs)
            is_sent = request.method == "POST" or typed_again.typed() is not None
            if is_sent and request.user.is_anonymous and request.path != reverse("admin:logout"):
                signing_in.keep(request)  # the answer leads to the login
                response.headers["Location"] += f"&{signing_in.IN_VAIN}="
            return response

        return update_wrapper(keeping, guarded)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Says that something was sent in vain, and whether it is to come back."""
        kept = signing_in.what_is_kept(request, request.GET.get("next", ""))
        context = {"kept": kept, "in_vain": signing_in.IN_VAIN in request.GET, **(extra_context or {})}
        return super().login(request, context)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """What there is to do, above the stock list of everything one may open."""
        now = timezone.now()
        home = next(filter(None, (home(request.user, now) for home in homes)), None)
        return super().index(request, {"home": home, **(extra_context or {})})
