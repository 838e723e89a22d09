from django.contrib import admin
from django.urls import include, path

from caprural.house import views

urlpatterns = [
    path("", include("sessions_app.urls")),
    path("", include("members.urls")),
    path("organisme/logo", views.logo, name="logo"),
    path("mentions-legales/", views.legal_notice, name="legal_notice"),
    path("donnees-personnelles/", views.privacy, name="privacy"),
    path("accessibilite/", views.accessibility, name="accessibility"),
    path("healthz", views.healthz, name="healthz"),
    path("robots.txt", views.robots, name="robots"),
    path("admin/", admin.site.urls),
]

handler400 = "caprural.views.bad_request"
