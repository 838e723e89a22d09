from django.contrib.sitemaps.views import sitemap
from django.urls import path, re_path

from sessions_app import views
from sessions_app.sitemaps import SITEMAPS

#: A private link (R9); what does not look like one is a 404 without a query.
REGISTRATION = r"^inscriptions/(?P<token>[A-Za-z0-9_-]{22,43})"

urlpatterns = [
    path("", views.home, name="home"),
    path("sessions.ics", views.calendar_feed, name="calendar_feed"),
    path("sitemap.xml", sitemap, {"sitemaps": SITEMAPS}, name="sitemap"),
    path("sessions/<slug:slug>/", views.session_detail, name="session_detail"),
    path("sessions/<slug:slug>/inscription/", views.register, name="register"),
    path("sessions/<slug:slug>/fiche.pdf", views.session_flyer, name="session_flyer"),
    path("sessions/<slug:slug>/session.ics", views.session_calendar, name="session_calendar"),
    re_path(rf"{REGISTRATION}/$", views.registration_detail, name="registration_detail"),
    re_path(rf"{REGISTRATION}/session\.ics$", views.registration_calendar, name="registration_calendar"),
    re_path(
        rf"{REGISTRATION}/bulletin\.pdf$",
        views.registration_membership_form,
        name="registration_membership_form",
    ),
    re_path(
        rf"{REGISTRATION}/documents/(?P<pk>[0-9]{{1,18}})/$",
        views.registration_document,
        name="registration_document",
    ),
]
