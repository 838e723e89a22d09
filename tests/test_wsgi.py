import io
import json
from wsgiref.types import WSGIApplication
from wsgiref.validate import validator

import pytest
from django.contrib.auth.models import User
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import path

from caprural.wsgi import application
from sessions_app import roles
from tests.factories import make_staff
from tests.support.asking import Answer, ask
from tests.support.office import signed_in

pytestmark = pytest.mark.django_db  # Django looks after its database connections around every request

FORM = "application/x-www-form-urlencoded"
TOKEN = "a" * 32


def echo(request: HttpRequest) -> JsonResponse:
    """What a view reads of the request, behind all our middleware."""
    return JsonResponse({"GET": request.GET.dict(), "POST": request.POST.dict()})


urlpatterns = [path("echo/", echo)]


def post(app: WSGIApplication, content_type: str) -> Answer:
    """A form sent with its CSRF token, so that Django does read the body."""
    return ask(
        app,
        f"csrfmiddlewaretoken={TOKEN}&name=%C3%89lise".encode(),
        REQUEST_METHOD="POST",
        PATH_INFO="/echo/",
        CONTENT_TYPE=content_type,
        HTTP_COOKIE=f"csrftoken={TOKEN}",
    )


FATAL_CONTENT_TYPES = [
    f"{FORM}; charset=utf-7",
    f"{FORM}; charset=UTF-16",
    f"{FORM}; charset=utf8",
    f"{FORM}; charset=iso-8859-1",
    f"{FORM}; charset=idna",
    f"{FORM}; charset=base64",
    f"{FORM}; charset=unicode_escape",
    f'{FORM}; charset="a\x00b"',
    f"{FORM}; charset*=BOGUS''utf-8",
    f"{FORM}; x*=BOGUS''utf-8",
    "multipart/form-data; boundary*=BOGUS''x",
]


REFUSED_CONTENT_TYPES = [
    *FATAL_CONTENT_TYPES,
    f"{FORM}; charset=bogus",
    f"{FORM}; charset=",
    f"{FORM}; charset*=utf-8''utf-7",
    f"{FORM}; charset=utf-8; charset=utf-7",
    "multipart/form-data; boundary=x; charset=utf-7",
    "text/plain; charset=latin-1",
]


@pytest.mark.urls(__name__)
class TestCharsets:
    @pytest.mark.parametrize("content_type", FATAL_CONTENT_TYPES)
    def test_stock_django_fails(self, content_type: str) -> None:
        """The reason of the guard: when this fails after an upgrade, the guard may shrink."""
        assert post(get_wsgi_application(), content_type).status == 500
        assert post(get_wsgi_application(), FORM).status == 200

    @pytest.mark.parametrize("content_type", REFUSED_CONTENT_TYPES)
    @pytest.mark.parametrize("method", ["POST", "GET", "PUT"])
    def test_refused_with_a_sentence(self, content_type: str, method: str) -> None:
        answer = ask(application, REQUEST_METHOD=method, PATH_INFO="/echo/", CONTENT_TYPE=content_type)
        assert answer.status == 415
        assert "<h1>Cet envoi n’est pas lisible</h1>" in answer.body
        assert post(application, content_type).status == 415

    @pytest.mark.parametrize(
        "content_type",
        [
            FORM,
            f"{FORM}; charset=utf-8",
            f"{FORM}; charset=UTF-8",
            f'{FORM};charset="Utf-8"',
            f"{FORM}; charset*=utf-8''utf-8",
            f"{FORM};",
        ],
    )
    def test_what_browsers_send_is_read(self, content_type: str) -> None:
        answer = post(application, content_type)
        assert answer.status == 200
        assert json.loads(answer.body)["POST"] == {"csrfmiddlewaretoken": TOKEN, "name": "Élise"}

    @pytest.mark.parametrize("content_type", ["", ";;=;", "text/plain", "é/è"])
    def test_what_is_no_form_is_left_to_django(self, content_type: str) -> None:
        answer = ask(application, PATH_INFO="/echo/", CONTENT_TYPE=content_type)
        assert (answer.status, json.loads(answer.body)["POST"]) == (200, {})


class TestNul:
    @pytest.mark.parametrize(
        "environ",
        [
            {"PATH_INFO": "/sessions/\x00/"},
            {"QUERY_STRING": "q=%00"},
            {"QUERY_STRING": "q=a%00b&c=d"},
            {"QUERY_STRING": "q=\x00"},
            {"HTTP_COOKIE": 'a=b; sessionid="abcdefgh\\000"'},
        ],
    )
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_refused(self, environ: dict[str, str], method: str) -> None:
        answer = ask(application, REQUEST_METHOD=method, **environ)
        assert answer.status == 400
        assert "<h1>Cette adresse n’est pas valide</h1>" in answer.body

    @pytest.mark.urls(__name__)
    @pytest.mark.parametrize(
        ("query", "value"), [("q=%2500", "%00"), ("q=%20%01", " \x01"), ("q=%5C0", "\\0"), ("q=000", "000")]
    )
    def test_what_only_looks_like_it(self, query: str, value: str) -> None:
        answer = ask(application, PATH_INFO="/echo/", QUERY_STRING=query)
        assert (answer.status, json.loads(answer.body)["GET"]) == (200, {"q": value})

    def test_stock_django_fails_on_postgresql(self) -> None:
        """SQLite takes NUL characters; PostgreSQL does not."""
        cookie = 'sessionid="abcdefgh\\000abcdefgh"'
        if connection.vendor == "postgresql":
            assert ask(get_wsgi_application(), PATH_INFO="/admin/", HTTP_COOKIE=cookie).status == 500
        assert ask(application, PATH_INFO="/admin/", HTTP_COOKIE=cookie).status == 400


class TestSize:
    @pytest.mark.parametrize("length", ["2500001", "9" * 5_000, "-1", "beaucoup", "١"])
    def test_too_large_or_unreadable(self, length: str) -> None:
        answer = ask(application, REQUEST_METHOD="POST", PATH_INFO="/", CONTENT_TYPE=FORM, CONTENT_LENGTH=length)
        assert answer.status == 413
        assert "<h1>Cet envoi est trop volumineux</h1>" in answer.body

    @pytest.mark.parametrize(
        ("page", "who", "status", "is_read"),
        [
            ("/admin/login/", "", 413, False),
            ("/admin/login/", "coordination", 413, False),
            ("/admin/house/organisation/add/", "", 413, False),
            ("/admin/house/organisation/add/", "gone", 413, False),
            ("/admin/house/organisation/add/", "visitor", 413, False),
            ("/admin/house/organisation/add/", "coordination", 200, True),
            ("/admin/members/spreadsheetimport/add/", "coordination", 200, True),
            ("/admin/sessions_app/trainingsession/add/", "coordination", 200, True),
            ("/admin/members/member/add/", "coordination", 413, False),
            ("/cotisation/adherer/", "coordination", 413, False),
            ("/nulle-part/", "coordination", 413, False),
        ],
    )
    @pytest.mark.django_db(transaction=True)
    def test_only_the_team_and_only_where_it_uploads(self, page: str, who: str, status: int, is_read: bool) -> None:
        """3 MB, then 51: the second are nobody's."""
        cookie = {"coordination": self.signed_in, "visitor": self.visitor, "gone": lambda: "gone"}.get(who, str)()
        for megabytes, expected in ((3, (status, is_read)), (51, (413, False))):
            body = Body(megabytes * 1_000_000)
            answer = ask(
                application,
                REQUEST_METHOD="POST",
                PATH_INFO=page,
                CONTENT_TYPE="multipart/form-data; boundary=x",
                CONTENT_LENGTH=str(megabytes * 1_000_000),
                HTTP_COOKIE=f"csrftoken={TOKEN}; sessionid={cookie}",
                HTTP_X_CSRFTOKEN=TOKEN,
                **{"wsgi.input": body},  # type: ignore[arg-type]
            )
            assert (answer.status, body.is_read) == expected

    def signed_in(self) -> str:
        return signed_in(make_staff(group=roles.COORDINATION)).cookies["sessionid"].value

    def visitor(self) -> str:
        return signed_in(User.objects.create_user("visitor")).cookies["sessionid"].value


class Body(io.RawIOBase):
    """A form whose only part is a file, as heavy as one likes."""

    def __init__(self, size: int) -> None:
        start = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
        self.rest, self.is_read = io.BytesIO(start.ljust(size - 9, b"f") + b"\r\n--x--\r\n"), False

    def read(self, size: int = -1) -> bytes:
        self.is_read = True
        return self.rest.read(size)


class TestPage:
    @pytest.mark.parametrize(
        "environ", [{"QUERY_STRING": "q=%00"}, {"CONTENT_TYPE": f"{FORM}; charset=<script>alert(1)</script>"}]
    )
    def test_is_whole_safe_and_says_nothing_of_us(self, environ: dict[str, str]) -> None:
        answer = ask(application, **environ)
        assert answer.headers == {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Length": str(len(answer.body.encode())),
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }
        assert answer.body.startswith('<!DOCTYPE html>\n<html lang="fr">')
        assert '<a href="/">' in answer.body
        assert not any(word in answer.body.lower() for word in ("script", "traceback", "django", "exception"))

    def test_head_has_no_body(self) -> None:
        answer = ask(application, REQUEST_METHOD="HEAD", QUERY_STRING="q=%00")
        assert (answer.status, answer.body) == (400, "")

    def test_respects_the_interface(self) -> None:
        """wsgiref's validator raises when a header, a status or the iterable is not what servers expect."""
        answer = ask(validator(application), CONTENT_TYPE=f"{FORM}; charset=utf-7")
        assert answer.status == 415
