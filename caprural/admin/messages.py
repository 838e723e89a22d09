"""The queue of messages in the admin: read only, attachments made again on demand."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from post_office.models import Attachment, Email, EmailTemplate, Log

from caprural import emails, private_pages, typography
from caprural.admin.base import FewFilter, ReadOnly, StaffAdmin, page

for model in (Attachment, Email, EmailTemplate, Log):
    admin.site.unregister(model)

#: Whoever knows what a message is about adds itself: the row whose page leads on from it, or None.
subjects: list[Callable[[Email], Model | None]] = []


class StateFilter(FewFilter):
    """By state, in French."""

    title, parameter_name = "état", "etat"
    options = {str(code): label for code, label in emails.STATES.items()}

    def narrowed(self, rows: QuerySet[Any], asked: str) -> QuerySet[Any]:
        """Messages in that state."""
        return rows.filter(status=asked)


@admin.register(Email)
class MessageAdmin(ReadOnly, StaffAdmin):
    """Messages as they were written: read only, attachments made again on demand."""

    kept = "Un message dit ce qui a été annoncé\u00a0: il s’effacera au terme prévu."
    # Not the queue's own page, which offers to send again at once.
    change_form_template = "admin/change_form.html"
    list_display = ("recipient", "title", "queued_at", "state")
    list_filter = (StateFilter,)
    search_fields = ("to", "subject")
    date_hierarchy = "created"
    ordering = ("-pk",)
    fields = readonly_fields = (
        "recipient",
        "leads_to",
        "title",
        "queued_at",
        "state",
        "text",
        "html_version",
        "files",
        "failures",
    )

    @admin.display(description="destinataire", ordering="to")
    def recipient(self, email: Email) -> str:
        """Whom it is for."""
        return ", ".join(email.to)

    @admin.display(description="à propos de")
    def leads_to(self, email: Email) -> SafeString | str:
        """The page of what it is about, from where an address is corrected and a message sent again."""
        rows = [row for subject in subjects if (row := subject(email))]
        pages = [(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", row) for row in rows]
        return format_html_join(
            ", ", '<a href="{}">{}</a>', ((reverse(name, args=[row.pk]), row) for name, row in pages)
        )

    @admin.display(description="objet", ordering="subject")
    def title(self, email: Email) -> str:
        """Its subject, which states the situation."""
        return str(email.subject)

    @admin.display(description="écrit le", ordering="created")
    def queued_at(self, email: Email) -> str:
        """When it was written, with what it announces."""
        return typography.moment(email.created)

    @admin.display(description="état", ordering="status")
    def state(self, email: Email) -> str:
        """Sent, to be sent, or given up."""
        return emails.state(email)

    @admin.display(description="texte")
    def text(self, email: Email) -> SafeString:
        """The plain text part."""
        return format_html('<div class="message-text">{}</div>', private_pages.masked(email.message))

    @admin.display(description="version mise en page")
    def html_version(self, email: Email) -> SafeString:
        """A link to the HTML part."""
        url = reverse("admin:message_html", args=[email.pk])
        return format_html('<a href="{}">Voir le message mis en page</a>', url)

    @admin.display(description="pièces jointes")
    def files(self, email: Email) -> SafeString | str:
        """Links to the attachments, of which none is made to show the page."""
        return (
            format_html_join(
                ", ",
                '<a href="{}">{}</a>',
                (
                    (reverse("admin:message_file", args=[email.pk, number]), label)
                    for number, label in enumerate(emails.attachment_labels(email))
                ),
            )
            or "aucune"
        )

    @admin.display(description="échecs")
    def failures(self, email: Email) -> SafeString | str:
        """Each attempt that failed, with the server's words."""
        return format_html_join("", "<div>{} : {}</div>", email.logs.values_list("date", "message")) or "aucun"

    @page("<int:pk>/html/", name="message_html")
    def html_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The HTML part alone, in a document that can run and fetch nothing."""
        email = self._viewable(request, pk)
        response = HttpResponse(private_pages.masked(email.html_message))
        response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
        return response

    @page("<int:pk>/fichiers/<int:index>/", name="message_file")
    def file(self, request: HttpRequest, pk: int, index: int) -> HttpResponse:
        """One attachment, made again from today's data."""
        try:
            file = emails.attachment_of(self._viewable(request, pk), index)
        except emails.AttachmentFailed as error:
            raise Http404 from error
        if file is None:
            raise Http404
        return HttpResponse(
            file.content,
            content_type=file.mimetype,
            headers={"Content-Disposition": f'inline; filename="{file.filename}"'},
        )

    def _viewable(self, request: HttpRequest, pk: int) -> Email:
        if not self.has_view_permission(request):
            raise Http404
        return get_object_or_404(Email, pk=pk)
