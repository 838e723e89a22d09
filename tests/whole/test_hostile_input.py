"""What is sent to break the site, to write in an e-mail's headers or to run a script in someone's page (issue 2).

Fields go through Django's client; raw bytes go through the WSGI application that production serves.
"""

import io
import re
import string
import sys
import unicodedata
from collections.abc import Iterator
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.core import mail
from django.core.signals import got_request_exception, request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caprural.mailing import delivery
from caprural.mailing.models import Message
from caprural.wsgi import application
from sessions_app.models import Registration, TrainingSession
from sessions_app.registering import visiting
from tests.factories import make_session
from tests.support import pages
from tests.support.announced import today
from tests.support.asking import Answer, ask
from tests.support.visitors import HOSTILE

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True, scope="module")
def _as_often_as_one_likes() -> Iterator[None]:
    """What is tried here is what may be typed, not how often: tests/sessions_app/registering/test_visiting.py."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(visiting, "FORMS_PER_NETWORK", 10**6)
        patch.setattr(visiting, "FORMS_PER_SESSION", 10**6)
        patch.setattr(visiting, "LETTERS_UNPROVED", 10**6)
        yield


FORM = "application/x-www-form-urlencoded"


TOKEN = "a" * 32


HONEST = {
    "first_name": "Anaïs",
    "last_name": "Lévêque",
    "email": "anais@vallee.example",
    "phone": "06 12 34 56 78",
    "organisation": "Syndicat de la Vallée",
    "job_title": "Chargée de projets",
    "profile": "project_manager",
    "accessibility_needs": "",
    "carpool": "on",
    "departure_town": "Saint-Étienne",
    "message": "",
}


#: Whatever comes in the other field, a box to tick, means « yes ».
TEXTS = [name for name in HONEST if name != "carpool"]


SEVERAL_LINES = ("accessibility_needs", "message")


@pytest.fixture(autouse=True)
def no_crash() -> Iterator[None]:
    """Fails with the error itself when a view raises, rather than with « 500 »."""
    errors: list[BaseException | None] = []

    def note(sender: object, **kwargs: Any) -> None:
        errors.append(sys.exception())

    got_request_exception.connect(note)
    yield
    got_request_exception.disconnect(note)
    for error in errors:
        raise error or RuntimeError("a view raised")


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """The test's transaction outlives its requests, as with Django's own client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def session() -> TrainingSession:
    return make_session(slug="animer", days=(today(60),), registration_deadline=today(50), max_participants=None)


URL = "/sessions/animer/inscription/"


def send(body: bytes = b"", *, csrf: bool = True, **environ: str) -> Answer:
    """A POST of raw bytes to the registration form, with a valid CSRF token unless said otherwise."""
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": URL, "CONTENT_TYPE": FORM, **environ}
    if csrf:
        environ |= {"HTTP_COOKIE": f"csrftoken={TOKEN}", "HTTP_X_CSRFTOKEN": TOKEN}
    return ask(application, body, **environ)


def get(path: str, **environ: str) -> Answer:
    """A GET of a path as the server hands it over: bytes, seen as Latin-1."""
    return ask(application, PATH_INFO=path, **environ)


def is_clean(value: str, *, allowed: str = "") -> bool:
    """Without control nor format characters, except the joiners that hold emoji together."""
    bare = re.sub("\u200d|[\U000e0020-\U000e007f]", "", value) if allowed else value.replace("\u200d", "")
    return all(char in allowed or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in bare)


def assert_harmless(client: Client) -> None:
    """Whatever was stored is clean, stays text in every page, and never reached a header of a message."""
    for registration in Registration.objects.all():
        for field in Registration._meta.fields:
            value = getattr(registration, field.name)
            if isinstance(value, str):
                assert is_clean(value, allowed="\r\n\t" if field.name in SEVERAL_LINES else ""), field.name
                assert field.max_length is None or len(value) <= field.max_length
        pages.assert_sound(client.get(registration.get_absolute_url()))
    mail.outbox.clear()
    delivery.deliver(now=timezone.now())
    assert not Message.objects.exclude(state=Message.State.SENT).exists(), "a message could not be sent"
    for sent in mail.outbox:
        parsed = message_from_bytes(sent.message().as_bytes(), policy=policy.default)
        assert set(parsed.keys()) <= {
            "Content-Type",
            "MIME-Version",
            "Subject",
            "From",
            "To",
            "Date",
            "Message-ID",
            "Reply-To",
            "Auto-Submitted",
        }
        assert len(parsed["To"].addresses) == 1
        assert is_clean(str(parsed["Subject"]))


class TestFields:
    @pytest.mark.parametrize("name", TEXTS)
    def test_each_value_in_each_field(self, client: Client, session: TrainingSession, name: str) -> None:
        accepted = 0
        for count, (kind, value) in enumerate(HOSTILE.items()):
            response = client.post(URL, {**HONEST, "email": f"a{count}@vallee.example", name: value})
            if response.status_code == 302:
                accepted += 1
            elif kind in ("script", "attribute", "textarea"):
                pages.assert_sound(response, status=422)
            else:
                assert response.status_code == 422
        assert Registration.objects.count() == Message.objects.count() == accepted
        assert_harmless(client)

    def test_a_million_characters(self, client: Client, session: TrainingSession) -> None:
        for name in TEXTS:
            assert client.post(URL, {**HONEST, name: "é" * 1_000_000}).status_code == 422

    @pytest.mark.parametrize(
        ("kind", "accepted_in"),
        {
            "nul": set(),
            "carriage return": set(SEVERAL_LINES),
            "line separator": set(),
            "right to left": set(),
            "zero width": set(),
            "long": set(),
            "script": {"organisation", "job_title", "departure_town", *SEVERAL_LINES},
            "emoji": {*SEVERAL_LINES},
        }.items(),
    )
    def test_where_it_is_accepted(
        self, client: Client, session: TrainingSession, kind: str, accepted_in: set[str]
    ) -> None:
        accepted = set()
        for name in TEXTS:
            sent = {**HONEST, "email": f"{name}@vallee.example", name: HOSTILE[kind]}
            if client.post(URL, sent).status_code == 302:
                accepted.add(name)
        assert accepted == accepted_in

    def test_markup_is_shown_as_it_was_typed(self, client: Client, session: TrainingSession) -> None:
        client.post(URL, {**HONEST, "organisation": HOSTILE["script"], "job_title": HOSTILE["attribute"]})
        said = pages.main(client.get(Registration.objects.get().get_absolute_url()))
        assert HOSTILE["script"] in said
        assert HOSTILE["attribute"] in said
        [message] = Message.objects.all()
        assert "<script" not in message.html

    def test_the_link_sent_page_echoes_the_address_as_text(self, client: Client, session: TrainingSession) -> None:
        address = "o'brien&co+a=b@vallee.example"
        for _ in range(2):
            response = client.post(URL, {**HONEST, "email": address})
        pages.assert_sound(response)
        assert address in pages.main(response)

    def test_the_hidden_key_is_no_way_in(self, client: Client, session: TrainingSession) -> None:
        """Anything there is taken for no key: it neither refuses anybody nor gives someone else's link."""
        for count, value in enumerate([*HOSTILE.values(), "", "0" * 32, "{urn:uuid:}", "-1" * 16], start=1):
            response = client.post(URL, {**HONEST, "email": f"a{count}@vallee.example", "submission_key": value})
            assert response.status_code == 302
        assert Registration.objects.count() == count

    def test_fields_that_are_not_the_visitor_s(self, client: Client, session: TrainingSession) -> None:
        other = make_session(slug="autre")
        client.post(
            URL,
            {
                **HONEST,
                "status": "waiting",
                "token": "t" * 32,
                "session": other.pk,
                "id": "1",
                "registered_at": "2001-01-01",
                "fee_due_on": "2099-01-01",
                "reason": "faveur",
            },
        )
        registration = Registration.objects.get()
        assert (registration.session, registration.status) == (session, "confirmed")
        assert registration.token != "t" * 32
        assert registration.registered_at.year > 2001
        assert registration.fee_due_on is None

    def test_a_field_sent_several_times(self, client: Client, session: TrainingSession) -> None:
        client.post(URL, {**HONEST, "email": ["a@vallee.example", "b@vallee.example"]})
        assert [registration.email for registration in Registration.objects.all()] == ["b@vallee.example"]

    @settings(
        max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        sent=st.fixed_dictionaries(
            {},
            optional={
                name: st.one_of(
                    st.just(honest),
                    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
                    st.text(string.printable, max_size=40),
                    st.builds("{}@{}".format, st.text(max_size=10), st.text(max_size=10)).filter(
                        lambda text: not re.search("[\ud800-\udfff]", text)
                    ),
                )
                for name, honest in HONEST.items()
            },
        )
    )
    def test_anything_anywhere(self, client: Client, session: TrainingSession, sent: dict[str, str]) -> None:
        Registration.objects.all().delete()
        Message.objects.all().delete()
        response = client.post(URL, {**HONEST, **sent})
        if response.status_code == 302:
            assert_harmless(client)
        else:
            pages.assert_sound(response, status=422)


class TestBytes:
    def test_an_honest_form_gets_through(self, session: TrainingSession) -> None:
        """Otherwise every refusal below would prove nothing."""
        assert send(urlencode(HONEST).encode()).status == 302

    @pytest.mark.parametrize("csrf", [True, False])
    @pytest.mark.parametrize(
        "broken",
        [
            b"Ana\xefs",
            b"\xff\xfe\x00",
            b"\xc0\xaf",
            b"%FF%FE",
            b"%ED%A0%80",
            b"%F4%90%80%80",
            b"%C0%80",
            b"%",
            b"%zz",
            b"%u0041",
            b"&&&==&;=",
        ],
    )
    def test_invalid_utf8_in_a_field(self, client: Client, session: TrainingSession, broken: bytes, csrf: bool) -> None:
        """Refused, or read as Latin-1 when the whole body can be: an « ï » of an old browser stays an « ï »."""
        honest = urlencode({name: value for name, value in HONEST.items() if name != "first_name"}).encode()
        answer = send(honest + b"&first_name=" + broken, csrf=csrf)
        assert answer.status in ({302, 422} if csrf else {403})
        assert_harmless(client)

    @pytest.mark.parametrize("csrf", [True, False])
    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"message=" + b"x" * 3_000_000, 413),
            (b"x" * 3_000_000, 413),
            (b"&".join(b"f%d=1" % n for n in range(7_000)), 400),
            (b"a=1" + b"&" * 100_000, 400),
            (b"=" * 100_000, 422),
            (b'{"first_name": "Ana"}', 422),
            (b"\x00" * 1000, 422),
            (b"", 422),
        ],
        ids=["long value", "no field", "fields", "ampersands", "equals", "json", "nul", "empty"],
    )
    def test_bodies_that_are_no_form(self, session: TrainingSession, body: bytes, status: int, csrf: bool) -> None:
        assert send(body, csrf=csrf).status == (status if csrf or status == 413 else 403)

    @pytest.mark.parametrize(
        ("content_type", "status"),
        [
            ("application/json", 422),
            ("text/xml", 422),
            ("", 422),
            ("/", 422),
            ("x" * 10_000, 422),
            (f"{FORM}; charset=utf-7", 415),
            (f"{FORM}; charset=utf-16", 415),
            (f"{FORM}; charset=bogus", 415),
            (f"{FORM}; charset*=BOGUS''utf-8", 415),
            (f"{FORM}; charset=\xe9", 415),
            ("multipart/form-data", 400),
            ("multipart/form-data; boundary=", 400),
            (f"multipart/form-data; boundary={'x' * 300}", 400),
            ("multipart/form-data; boundary=\xe9", 400),
            ("multipart/form-data; boundary=x; charset=utf-7", 415),
        ],
    )
    def test_content_types(self, session: TrainingSession, content_type: str, status: int) -> None:
        assert send(urlencode(HONEST).encode(), CONTENT_TYPE=content_type).status == status
        assert send(urlencode(HONEST).encode(), csrf=False, CONTENT_TYPE=content_type).status in {400, 403, 415}
        assert Registration.objects.count() == 0

    def test_a_length_that_is_a_lie(self, session: TrainingSession) -> None:
        body = io.BytesIO(urlencode(HONEST).encode())
        assert send(**{"CONTENT_LENGTH": "99999999999999", "wsgi.input": body}).status == 413

    @settings(
        max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        body=st.binary(max_size=300),
        content_type=st.sampled_from([FORM, "multipart/form-data; boundary=x", "text/plain", "application/json"]),
    )
    def test_any_body(self, session: TrainingSession, body: bytes, content_type: str) -> None:
        assert send(body, CONTENT_TYPE=content_type).status in {400, 422}


def part(disposition: bytes, content: bytes, *more: bytes) -> bytes:
    head = b"\r\n".join([b"Content-Disposition: form-data" + disposition, *more])
    return b"--x\r\n" + head + b"\r\n\r\n" + content + b"\r\n"


class TestMultipart:
    TYPE = "multipart/form-data; boundary=x"

    def test_an_honest_form_gets_through(self, session: TrainingSession) -> None:
        body = b"".join(part(b'; name="%s"' % name.encode(), value.encode()) for name, value in HONEST.items())
        assert send(body + b"--x--\r\n", CONTENT_TYPE=self.TYPE).status == 302

    @pytest.mark.parametrize("csrf", [True, False])
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"--x",
            b"--x--",
            b"--x\r\n\r\n\r\n--x--",
            b"--y\r\n" * 1000,
            part(b"", b"sans nom"),
            part(b"; name=", b"vide"),
            part(b'; name="first_name', b"guillemet"),
            part(b'; name="first_name"; filename="a.exe"', b"MZ"),
            part(b'; name="first_name"; filename="../../etc/passwd"', b"root"),
            part(b"; name=\"first_name\"; filename*=UTF-8''%00%0d%0a", b"x"),
            part(b"; name*=BOGUS''first_name", b"x"),
            part(b'; name="\xff\xfe"', b"\xff\xfe"),
            part(b'; name="message"', b"x" * 3_000_000),
            part(b'; name="message"', b"\xff" * 1000),
            part(b'; name="message"; filename="gros.bin"', b"x" * 5_000_000),
            part(b'; name="message"', b"pas du base64 !", b"Content-Transfer-Encoding: base64"),
            part(b'; name="message"', b"=ZZ", b"Content-Transfer-Encoding: bogus"),
            part(b'; name="message"', b"x", b"Content-Type: text/plain; charset=utf-7"),
            part(b'; name="message"', b"x", b"Content-Type: text/plain; charset*=BOGUS''utf-8"),
            part(b'; name="message"', b"x", b"X: " + b"y" * 100_000),
            part(b'; name="message"', b"x") * 2000,
            part(b'; name="f"; filename="f"', b"x") * 200,
            b"--x\r\n" + b"A: b\r\n" * 5000,
        ],
    )
    def test_malformed(self, session: TrainingSession, body: bytes, csrf: bool) -> None:
        for end in (b"", b"--x--\r\n"):
            answer = send(body + end, csrf=csrf, CONTENT_TYPE=self.TYPE)
            too_long = len(body) > 2_500_000
            assert answer.status in ({413} if too_long else {400, 422} if csrf else {400, 403})
        assert Registration.objects.count() == 0


class TestCsrf:
    @pytest.mark.parametrize(
        ("cookie", "token"),
        [
            ("", TOKEN),
            (TOKEN, ""),
            (TOKEN, "b" * 32),
            (TOKEN, "a" * 31),
            ("a" * 31, "a" * 31),
            ("é" * 32, "é" * 32),
            ("\\303\\251" * 16, TOKEN),
            ("a" * 100_000, "a" * 100_000),
            ("<script>alert(1)</script>aaaaaaa", TOKEN),
        ],
    )
    def test_refused_in_french(self, session: TrainingSession, cookie: str, token: str) -> None:
        for where in ("header", "field"):
            sent = {**HONEST, "message": HOSTILE["script"], "csrfmiddlewaretoken": token if where == "field" else ""}
            body = urlencode(sent).encode()
            environ = {"HTTP_COOKIE": f'csrftoken="{cookie}"'.encode().decode("latin-1")}
            if where == "header":
                environ["HTTP_X_CSRFTOKEN"] = token.encode().decode("latin-1")
            answer = send(body, csrf=False, **environ)
            assert answer.status == 403
            assert "Rien n’a encore été enregistré" in answer.body
            assert "&lt;script&gt;alert(1)" in answer.body
            assert "<script>alert" not in answer.body
        assert Registration.objects.count() == 0

    def test_another_site_s_form(self, session: TrainingSession) -> None:
        answer = send(urlencode(HONEST).encode(), HTTP_ORIGIN="https://ailleurs.example")
        assert answer.status == 403
        assert "<h1>Le formulaire n’a pas pu être vérifié</h1>" in answer.body


class TestAddresses:
    PATHS = (
        "/sessions/\xff\xfe/",
        "/sessions/\xc3/",
        "/sessions/animer\xc0\xaf/",
        "/sessions/animer\n/",
        "/sessions/animer/\r\nSet-Cookie: a=b",
        "/sessions/../admin/",
        "/sessions/" + "a" * 100_000 + "/",
        "/sessions/-/inscription/",
        "/inscriptions/" + "a" * 32 + "\n/",
        "/inscriptions/" + "\xc3\xa9" * 32 + "/",
        "/inscriptions/" + "a" * 100_000 + "/",
        "/inscriptions/" + "a" * 32 + "/documents/" + "9" * 18 + "/",
        "/inscriptions/" + "a" * 32 + "/documents/" + "9" * 400 + "/",
        "//ailleurs.example/cotisation",
        "//ailleurs.example/%2e%2e/cotisation",
        "/\\ailleurs.example/cotisation",
        "/<script>alert(1)</script>/",
        "/cotisation/bulletin.pdf/",
        "",
        "*",
        "/static/../caprural/settings.py",
        "/static/\xff",
        "/.env",
    )

    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
    def test_unknown(self, session: TrainingSession, path: str, method: str) -> None:
        answer = get(path, REQUEST_METHOD=method)
        assert answer.status in ({403, 404, 405} if method == "POST" else {404} if path else {200})
        assert "Location" not in answer.headers
        assert "Set-Cookie" not in answer.headers
        assert "<script>" not in answer.body

    def test_nul(self, session: TrainingSession) -> None:
        assert get("/sessions/ani\0mer/").status == 400

    @pytest.mark.parametrize(
        "query",
        ["\xff=\xfe", "%ff=%fe", "a" * 100_000, "&" * 20_000, "a=1&" * 5_000, "<script>alert(1)</script>", "%", "[]=1"],
    )
    @pytest.mark.parametrize("path", ["/", "/sessions/animer/", URL, "/cotisation/", "/admin/login/", "/nulle-part/"])
    def test_queries(self, session: TrainingSession, path: str, query: str) -> None:
        answer = get(path, QUERY_STRING=query)
        assert answer.status in {200, 400, 404}
        assert "<script>alert" not in answer.body

    @pytest.mark.parametrize(
        "following", ["https://ailleurs.example/", "//ailleurs.example", "javascript:alert(1)", "/\\ailleurs.example"]
    )
    def test_the_login_leads_nowhere_else(self, admin_user: Any, following: str) -> None:
        client = Client()
        response = client.post(
            f"/admin/login/?next={quote(following)}", {"username": "admin", "password": "password", "next": following}
        )
        assert (response.status_code, response.headers["Location"]) == (302, "/accounts/profile/")

    @settings(
        max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        prefix=st.sampled_from(["/", "/sessions/", "/sessions/animer/", "/inscriptions/", "/admin/", "/static/"]),
        path=st.binary(max_size=40),
        query=st.binary(max_size=40),
    )
    def test_any_address(self, session: TrainingSession, prefix: str, path: bytes, query: bytes) -> None:
        answer = get(prefix + path.decode("latin-1"), QUERY_STRING=query.decode("latin-1"))
        assert answer.status < 500


def log_in(username: str, value: str) -> Answer:
    """A login with this name, and this value everywhere else that django-axes reads."""
    return send(
        urlencode({"username": username, "password": value, "this_is_the_login_form": "1"}).encode(),
        PATH_INFO="/admin/login/",
        HTTP_USER_AGENT=value,
        HTTP_ACCEPT=value,
        HTTP_REFERER=value,
        HTTP_X_FORWARDED_FOR=value,
        HTTP_X_FORWARDED_HOST=value,
        HTTP_ACCEPT_LANGUAGE=value,
    )


class TestHeaders:
    @pytest.mark.parametrize(
        "host",
        [
            "",
            "ailleurs.example",
            "testserver.ailleurs.example",
            "testserver@ailleurs.example",
            "testserver\r\nX: y",
            "<script>alert(1)</script>",
            "\xff\xfe",
            "a" * 10_000,
            "[::1",
            "testserver, ailleurs.example",
            "%00",
        ],
    )
    @pytest.mark.parametrize("path", ["/", "/cotisation", "/nulle-part/", "/admin/", URL])
    def test_host(self, session: TrainingSession, host: str, path: str) -> None:
        answer = get(path, HTTP_HOST=host)
        assert answer.status == 400
        assert '<html lang="fr">' in answer.body
        assert "<script>alert" not in answer.body

    @pytest.mark.parametrize(
        "cookie",
        [
            "\xff\xfe",
            "=;=;=",
            "a" * 100_000,
            "; ".join(f"c{n}=v" for n in range(5_000)),
            "sessionid=" + "a" * 100_000,
            "sessionid=\xff" * 40,
            'sessionid="\\377\\376\\001aaaaaaaaaaaaaaaaaaaaaaaaaaaa"',
            'messages="\\303\\050"; sessionid=x',
            "messages=W1siX19qc29uX21lc3NhZ2UiXV0:1:x; csrftoken=\\",
            "__Host-x=\x01\x02",
        ],
    )
    @pytest.mark.parametrize("path", ["/", URL, "/admin/", "/admin/login/"])
    def test_cookies(self, session: TrainingSession, cookie: str, path: str) -> None:
        assert get(path, HTTP_COOKIE=cookie).status in {200, 302}

    @pytest.mark.parametrize("value", ["\xff\xfe", "a" * 100_000, "<script>alert(1)</script>", ",;=\\", "\x01\x1b"])
    def test_what_the_login_writes_down(self, value: str) -> None:
        """django-axes keeps the browser, the address and the name of a refused login in columns of a limited length."""
        for username in (value[:100], "a\nb", "\u202e", "é" * 150):
            answer = log_in(username, value)
            assert answer.status in {200, 429}
            assert "<script>alert" not in answer.body

    def test_a_long_name_at_the_login(self) -> None:
        """The stock login form accepts any length, and django-axes writes it in 255 characters."""
        assert log_in("x" * 256, "mot-de-passe").status == 200

    @pytest.mark.parametrize(
        "method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "ÉTÉ", "X" * 10_000]
    )
    def test_methods(self, session: TrainingSession, method: str) -> None:
        environ = {"REQUEST_METHOD": method, "HTTP_COOKIE": f"csrftoken={TOKEN}", "HTTP_X_CSRFTOKEN": TOKEN}
        before = pages.rows()
        assert get(URL, **environ).status in ({200} if method == "get" else {405})
        assert pages.rows() == before
