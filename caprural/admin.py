"""What every page of the admin shares, and the reading of the message queue."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from post_office.models import Attachment, Email, EmailTemplate, Log

from caprural import emails

admin.site.site_header = "Cap Rural – équipe"
admin.site.site_title = "Cap Rural"
admin.site.index_title = "Accueil"


class StaffAdmin(admin.ModelAdmin):
    """A ModelAdmin that answers 404 for what one may not see, and a sentence to a forged selection."""

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        raise Http404

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Stock Django answers 500 to a selection that is not made of numbers."""
        selected = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if not all(value.isascii() and value.isdigit() and len(value) < 19 for value in selected):
            messages.error(request, "La sélection envoyée n’est pas lisible : cochez les lignes, puis recommencez.")
            return redirect(request.path)
        return super().changelist_view(request, extra_context)

    def act_page(self, request: HttpRequest, template: str, title: str, context: dict[str, Any]) -> TemplateResponse:
        """A page of the admin around something to do: usual header, messages and breadcrumbs."""
        return TemplateResponse(
            request, template, {**self.admin_site.each_context(request), "opts": self.opts, "title": title, **context}
        )


for model in (Attachment, Email, EmailTemplate, Log):
    admin.site.unregister(model)


@admin.register(Email)
class MessageAdmin(StaffAdmin):
    """Messages as they were written: read only, attachments made again on demand."""

    list_display = ("recipient", "subject", "created", "status")
    list_filter = ("status", "created")
    search_fields = ("to", "subject")
    date_hierarchy = "created"
    ordering = ("-pk",)
    fields = readonly_fields = (
        "recipient",
        "subject",
        "created",
        "status",
        "number_of_retries",
        "text",
        "html_version",
        "files",
        "failures",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A message is written by the product."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Email | None = None) -> bool:
        """What was said was said."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Email | None = None) -> bool:
        """Erasing is the business of retention."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Adds the HTML version and the attachments, each on a page of its own."""
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/html/", view(self.html_page), name="message_html"),
            path("<int:pk>/fichiers/<int:index>/", view(self.file), name="message_file"),
            *super().get_urls(),
        ]

    @admin.display(description="destinataire", ordering="to")
    def recipient(self, email: Email) -> str:
        """Whom it is for."""
        return ", ".join(email.to)

    @admin.display(description="texte")
    def text(self, email: Email) -> SafeString:
        """The plain text part."""
        return format_html('<div class="message-text">{}</div>', email.message)

    @admin.display(description="version mise en page")
    def html_version(self, email: Email) -> SafeString:
        """A link to the HTML part."""
        url = reverse("admin:message_html", args=[email.pk])
        return format_html('<a href="{}">Voir le message mis en page</a>', url)

    @admin.display(description="pièces jointes")
    def files(self, email: Email) -> SafeString | str:
        """Links to the attachments."""
        names = [file.filename for file in emails.attachments_of(email)]
        return (
            format_html_join(
                ", ",
                '<a href="{}">{}</a>',
                ((reverse("admin:message_file", args=[email.pk, n]), name) for n, name in enumerate(names)),
            )
            or "aucune"
        )

    @admin.display(description="échecs")
    def failures(self, email: Email) -> SafeString | str:
        """Each attempt that failed, with the server's words."""
        return format_html_join("", "<div>{} : {}</div>", email.logs.values_list("date", "message")) or "aucun"

    def html_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The HTML part alone, in a document that can run and fetch nothing."""
        email = self._viewable(request, pk)
        response = HttpResponse(email.html_message)
        response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
        return response

    def file(self, request: HttpRequest, pk: int, index: int) -> HttpResponse:
        """One attachment, made again from today's data."""
        files = emails.attachments_of(self._viewable(request, pk))
        if index >= len(files):
            raise Http404
        file = files[index]
        return HttpResponse(
            file.content,
            content_type=file.mimetype,
            headers={"Content-Disposition": f'inline; filename="{file.filename}"'},
        )

    def _viewable(self, request: HttpRequest, pk: int) -> Email:
        if not self.has_view_permission(request):
            raise Http404
        return get_object_or_404(Email, pk=pk)
