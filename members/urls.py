from django.urls import path, re_path

from members.views import application, documents, fee

#: A private link; what does not look like one is a 404 without a query.
PRIVATE = r"(?P<token>[A-Za-z0-9_-]{22,43})"

urlpatterns = [
    path("cotisation/", fee.fee, name="fee"),
    path("cotisation/bulletin.pdf", fee.membership_form_blank, name="membership_form_blank"),
    path("cotisation/adherer/", application.apply, name="apply"),
    path("cotisation/bulletin-envoye/", application.application_sent, name="application_sent"),
    re_path(rf"^cotisation/bulletins/{PRIVATE}/$", application.application_detail, name="application_detail"),
    re_path(rf"^cotisation/bulletins/{PRIVATE}/bulletin\.pdf$", application.application_form, name="application_form"),
    re_path(rf"^cotisation/appels/{PRIVATE}/$", documents.fee_call, name="fee_call"),
    re_path(rf"^cotisation/appels/{PRIVATE}/appel\.pdf$", documents.fee_call_pdf, name="fee_call_pdf"),
    re_path(rf"^cotisation/recus/{PRIVATE}/$", documents.receipt, name="receipt"),
    re_path(rf"^cotisation/recus/{PRIVATE}/recu\.pdf$", documents.receipt_pdf, name="receipt_pdf"),
]
