"""The letter box in the admin: read only, files made again on demand, and « Renvoyer »."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.contenttypes.admin import GenericTabularInline
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from caprural import private_pages, typography
from caprural.admin import FewFilter, ReadOnly, StaffAdmin, page
from caprural.mailing import documents, outbox
from caprural.mailing.models import Message


class StateFilter(FewFilter):
    """By state, in French."""

    title, parameter_name = "état", "etat"
    # A letter by post has no words here.
    options = {state.value: state.label for state in Message.State if state != Message.State.POSTED}

    def narrowed(self, rows: QuerySet[Any], asked: str) -> QuerySet[Any]:
        return rows.filter(state=asked)


@admin.display(description="état", ordering="state")
def outcome(message: Message) -> str:
    """What has become of it."""
    return message.outcome


@admin.display(description="renvoyer")
def again(message: Message) -> SafeString | str:
    """Where it is sent again; nothing for a letter that is about to leave, or says nothing any more."""
    if message.is_to_leave or not outbox.can_be_sent_again(message):
        return ""
    return format_html('<a href="{}">Renvoyer</a>', reverse("admin:send_again", args=[message.pk]))


@admin.register(Message)
class MessageAdmin(ReadOnly, StaffAdmin):
    """Messages as they were written: read only, attachments made again on demand."""

    kept = "Un message dit ce qui a été annoncé\u00a0: il s’effacera au terme prévu."
    list_display = ("to", "subject", "queued_at", outcome)
    list_filter = (StateFilter,)
    search_fields = ("to", "subject")
    date_hierarchy = "written_at"
    ordering = ("-pk",)
    fields: ClassVar[Any] = (
        "to",
        "leads_to",
        "subject",
        "queued_at",
        outcome,
        again,
        "body",
        "html_version",
        "files",
        "failures",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Those that still say something: the page of who was written to remembers the others."""
        return super().get_queryset(request).exclude(text="")

    @admin.display(description="à propos de")
    def leads_to(self, message: Message) -> SafeString | str:
        """The page of what it is about, from where an address is corrected."""
        about = message.about
        return format_html('<a href="{}">{}</a>', _page_of(about), about) if about else ""

    @admin.display(description="écrit le", ordering="written_at")
    def queued_at(self, message: Message) -> str:
        return typography.moment(message.written_at)

    @admin.display(description="texte")
    def body(self, message: Message) -> SafeString:
        return format_html('<div class="message-text">{}</div>', private_pages.masked(message.text))

    @admin.display(description="version mise en page")
    def html_version(self, message: Message) -> SafeString:
        url = reverse("admin:message_html", args=[message.pk])
        return format_html('<a href="{}">Voir le message mis en page</a>', url)

    @admin.display(description="pièces jointes")
    def files(self, message: Message) -> SafeString | str:
        """Links to the attachments, of which none is made to show the page."""
        labels = enumerate(documents.labels(message))
        urls = ((reverse("admin:message_file", args=[message.pk, number]), label) for number, label in labels)
        return format_html_join(", ", '<a href="{}">{}</a>', urls) or "aucune"

    @admin.display(description="échecs")
    def failures(self, message: Message) -> str:
        """How many attempts failed, with what the server said to the last."""
        if not message.attempts:
            return "aucun"
        tries = f"{message.attempts} {typography.plural(message.attempts, 'essai,essais')}"
        return f"{tries}\u00a0: {message.last_error}" if message.last_error else tries

    @page("<int:pk>/html/", name="message_html")
    def html_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The HTML part alone, in a document that can run and fetch nothing."""
        response = HttpResponse(private_pages.masked(self.row(request, pk, "view").html))
        response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
        return response

    @page("<int:pk>/fichiers/<int:index>/", name="message_file")
    def file(self, request: HttpRequest, pk: int, index: int) -> HttpResponse:
        """One attachment, made again from today's data."""
        try:
            file = documents.at(self.row(request, pk, "view"), index)
        except documents.AttachmentFailed as error:
            raise Http404 from error
        if file is None:
            raise Http404
        return HttpResponse(
            file.content,
            content_type=file.mimetype,
            headers={"Content-Disposition": f'inline; filename="{file.filename}"'},
        )

    @page("<int:pk>/renvoyer/", name="send_again")
    def send_again(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The same message once it was read again, to the present address of whoever it is about."""
        message: Message = self.row(request, pk)
        if not outbox.can_be_sent_again(message):
            raise Http404
        address = outbox.present_address(message)
        if request.method == "POST":
            try:
                outbox.send_again(message)
            except outbox.NotSentAgain as refused:
                messages.warning(request, str(refused))
            else:
                messages.success(request, f"Le message est remis dans la file, pour {address}.")
            return redirect(_page_of(message.about or message))
        text = private_pages.masked(message.text)
        context = {"original": message.about or message, "message": message, "text": text, "address": address}
        return self.act_page(request, "admin/send_again.html", "Renvoyer un message", context)


class LettersInline(ReadOnly, GenericTabularInline):
    """What somebody was written: each letter one click away, and again if need be."""

    model = Message
    ct_field, ct_fk_field = "about_type", "about_id"
    extra = 0
    fields: ClassVar[Any] = ("written_at", "title", outcome, again)
    readonly_fields = fields
    can_delete = False
    #: What each kind is, as its line names it once its text was erased.
    kinds: dict[str, str] = {}

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("mailing.view_message")

    @admin.display(description="objet")
    def title(self, message: Message) -> SafeString | str:
        if message.is_erased:
            return self.kinds.get(message.kind, "message effacé")
        return format_html('<a href="{}">{}</a>', _page_of(message), message.subject)


def _page_of(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
