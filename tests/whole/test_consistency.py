"""What the code promises about itself (HOUSE.md): names, words, docstrings, and who may write a status."""

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("caprural", "members", "sessions_app")
SOURCES = sorted(
    path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts
)
TREES = {str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in SOURCES}
#: Public functions of `sessions_app.emails` that write nothing.
NOT_MESSAGES = {
    "fee_call_to_read",
    "fee_dropped",
    "coordinators",
    "follow",
    "standing",
    "take_back",
    "to_people",
}
OUR_MODELS = [model for app in ("house", "members", "sessions_app") for model in apps.get_app_config(app).get_models()]


def our_patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    """The addresses whose view is ours; the admin's are its own."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from our_patterns(pattern)
        elif re.match(r"(caprural\.house|members|sessions_app)\.views\b", pattern.callback.__module__):
            yield pattern


def strings(node: ast.AST) -> set[str]:
    """Every text that appears in a piece of code."""
    return {child.value for child in ast.walk(node) if isinstance(child, ast.Constant) and isinstance(child.value, str)}


class TestViews:
    """View = URL name = template name."""

    PATTERNS = {pattern.name: pattern for pattern in our_patterns(get_resolver())}

    def test_they_were_found(self) -> None:
        assert {"home", "session_detail", "register", "registration_detail", "fee", "healthz"} <= self.PATTERNS.keys()

    @pytest.mark.parametrize("name", PATTERNS)
    def test_the_address_has_the_name_of_its_view(self, name: str) -> None:
        assert self.PATTERNS[name].callback.__name__ == name

    @pytest.mark.parametrize("name", PATTERNS)
    def test_the_page_has_the_name_of_its_view(self, name: str) -> None:
        module = self.PATTERNS[name].callback.__module__
        app = module.partition(".")[0]
        [view] = [
            node
            for node in TREES[f"{module.replace('.', '/')}.py"].body
            if isinstance(node, ast.FunctionDef) and node.name == name
        ]
        pages = {text for text in strings(view) if text.endswith(".html")}

        assert not pages or f"{app}/{name}.html" in pages


class TestTemplates:
    def test_each_is_used(self) -> None:
        """Django and the mail queue find these by name; every other one is named somewhere."""
        found_by_name = {
            "400.html",
            "403.html",
            "404.html",
            "500.html",
            "admin/base_site.html",
            "admin/search_form.html",
        }
        templates = {str(path.relative_to(ROOT / "templates")): path for path in (ROOT / "templates").rglob("*.*")}
        code = set().union(*map(strings, TREES.values()))
        # `form_page(request, "name", …)`: the page of an act behind the private link.
        for view in ("registrations", "applying", "just_registered", "private_page"):
            code |= {f"sessions_app/{text}.html" for text in strings(TREES[f"sessions_app/views/{view}.py"])}
        words = "".join(path.read_text() for path in templates.values())
        unused = [
            name
            for name in templates
            if name not in code
            and f'"{name}"' not in words
            and not name.startswith("emails/")
            # Templates that replace those of Django's admin.
            and name not in found_by_name
            and not name.startswith(("admin/edit_inline/", "admin/login", "admin/change_form_object"))
        ]

        assert unused == []


class TestMessages:
    """R23: each `emails.py` lists everything its application sends; each message has its source."""

    FUNCTIONS = sorted(
        node.name
        for module in ("members/emails.py", "sessions_app/emails.py")
        for node in TREES[module].body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and node.name not in NOT_MESSAGES
    )

    def test_each_has_its_template_and_no_template_is_left(self) -> None:
        folder = ROOT / "templates" / "emails"
        letters = [path.stem for path in folder.glob("*.txt") if "{% block subject %}" in path.read_text()]

        assert sorted({*letters} - {"base"}) == self.FUNCTIONS


class TestModels:
    """French, lower case, for whoever reads the admin."""

    #: The same word in both languages.
    SAME_WORD = {"conditions", "date", "logo", "message", "session"}

    @pytest.mark.parametrize("model", OUR_MODELS, ids=lambda model: model.__name__)
    def test_the_model_is_named(self, model: type[models.Model]) -> None:
        assert {"verbose_name", "verbose_name_plural"} <= model._meta.original_attrs.keys()
        for name in (model._meta.verbose_name, model._meta.verbose_name_plural):
            assert str(name)[0].islower()

    @pytest.mark.parametrize("model", OUR_MODELS, ids=lambda model: model.__name__)
    def test_whatever_is_typed_or_read_is_named(self, model: type[models.Model]) -> None:
        fields = [field for field in model._meta.get_fields() if isinstance(field, models.Field) and field.editable]
        unnamed = [
            field.name
            for field in fields
            if field.verbose_name == field.name.replace("_", " ") and field.name not in self.SAME_WORD
        ]
        capitals = [
            field.name for field in fields if not str(field.verbose_name)[0].islower() and not field.primary_key
        ]

        assert (unnamed, [name for name in capitals if name not in ("siret", "iban", "bic")]) == ([], [])


class TestDocstrings:
    """What each public thing means in the domain.

    A method that a base class has already, Django's or ours, needs none; nor what a form, a fixture or a site map asks;
    nor a column of the admin, whose title says it.
    """

    HOOK = re.compile(r"clean_\w+|(get_by_)?natural_key|get_absolute_url|lastmod|process_\w+")

    def test_every_public_function_class_and_method_has_one(self) -> None:
        missing = [
            f"{path}:{node.lineno} {name}"
            for path, tree in TREES.items()
            for name, node in self.public(tree)
            if not ast.get_docstring(node) and not self.is_hook(path, name) and not self.is_column(node)
        ]

        assert missing == []

    def public(
        self, parent: ast.Module | ast.ClassDef, prefix: str = ""
    ) -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
        """Functions and classes at the top, and the methods of these classes; what Django's names say is said."""
        for node in parent.body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            if isinstance(node, ast.ClassDef):
                yield from self.public(node, f"{node.name}.")
                if prefix or re.search(r"(Command|Config|Inline|Manager|QuerySet)$", node.name):
                    continue
            yield prefix + node.name, node

    def is_hook(self, path: str, name: str) -> bool:
        """Whether the method is there already in a base of its class."""
        *outer, last = name.split(".")
        if not outer:
            return False
        found = import_module(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
        for part in outer:
            found = getattr(found, part)
        return bool(self.HOOK.fullmatch(last)) or any(last in vars(base) for base in found.__mro__[1:])

    def is_column(self, node: ast.FunctionDef | ast.ClassDef) -> bool:
        return any("admin.display(description=" in ast.unparse(decorator) for decorator in node.decorator_list)

    @pytest.mark.parametrize(
        ("path", "name", "is_hook"),
        [
            ("caprural/admin/base.py", "StaffAdmin.get_urls", True),
            ("sessions_app/admin/session.py", "TrainingSessionAdmin.why_kept", True),
            ("sessions_app/forms/session.py", "TrainingSessionForm.clean_status", True),
            ("caprural/admin/base.py", "StaffAdmin.why_kept", False),
            ("caprural/admin/base.py", "page", False),
        ],
    )
    def test_what_is_a_hook(self, path: str, name: str, is_hook: bool) -> None:
        assert self.is_hook(path, name) == is_hook


class TestNames:
    def test_no_module_that_attracts_everything(self) -> None:
        vague = {"services", "selectors", "utils", "helpers", "mixins", "managers", "constants"}
        folders = [ROOT / name for name in (*PACKAGES, "tests")]
        names = [path for folder in folders for path in folder.rglob("*") if path.suffix in ("", ".py")]

        assert [str(path.relative_to(ROOT)) for path in names if path.stem in vague] == []


class TestTheGroundFloor:
    """Applications register themselves: `caprural` names none, not even in a string, but where it puts them together.

    import-linter holds the imports.
    """

    def test_who_names_an_application(self) -> None:
        named = {
            path: {text for text in strings(tree) if re.search(r"\b(members|sessions_app)\b", text)}
            for path, tree in TREES.items()
            if path.startswith("caprural/")
        }

        assert {path: texts for path, texts in named.items() if texts} == {
            "caprural/settings.py": {"members", "sessions_app"},
            "caprural/urls.py": {"members.urls", "sessions_app.urls"},
        }


class TestTheTests:
    """They mirror the code; what no module owns is in `tests/whole`, what all of them use in `tests/support`."""

    TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
    ELSEWHERE = ("browser", "whole")

    def test_each_stands_where_its_module_or_its_package_stands(self) -> None:
        """A long one may be several: `test_campaign_figures.py` for the figures of `campaign.py`."""
        lost = []
        for path in self.TESTS:
            folder, name = path.relative_to(ROOT / "tests").parent, path.stem.removeprefix("test_")
            package = ROOT / ("" if folder.parts[:1] in (("members",), ("sessions_app",)) else "caprural") / folder
            words = name.split("_")
            places = [
                place
                for names in ("_".join(words[:number]) for number in range(1, len(words) + 1))
                for place in (package / f"{names}.py", package / names, package / f"management/commands/{names}.py")
            ]
            if folder.parts[:1] not in {(place,) for place in self.ELSEWHERE} and not any(map(Path.exists, places)):
                lost.append(str(path.relative_to(ROOT)))

        assert lost == []

    def test_what_belongs_to_no_module_says_what_it_is_about(self) -> None:
        silent = [
            str(path.relative_to(ROOT))
            for path in self.TESTS
            if path.parent.name == "whole" and not ast.get_docstring(ast.parse(path.read_text()))
        ]

        assert silent == []

    def test_none_is_collected_twice(self) -> None:
        """pytest runs again, where it is imported, whatever is named as a test."""
        imported = [
            f"{path.relative_to(ROOT)}:{node.lineno} {name.name}"
            for path in self.TESTS
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests.")
            for name in node.names
            if name.name.startswith(("Test", "test_"))
        ]

        assert imported == []


class TestTheOrganisation:
    """Its name is in its record: neither the code nor a template says it, but the demonstration's data."""

    def test_nothing_is_hard_coded(self) -> None:
        texts = {path: " ".join(strings(tree)) for path, tree in TREES.items() if not path.endswith("load_demo.py")}
        texts |= {str(path): path.read_text() for path in (ROOT / "templates").rglob("*.*")}

        assert [path for path, text in texts.items() if re.search(r"cap\s+rural", text, re.IGNORECASE)] == []


class TestTheClock:
    """Read in views, in the admin and by commands, and passed down as `now`."""

    READERS = re.compile(
        r"[a-z_]+/(\w+/)?(views\.py|views/\w+\.py|admin\.py|admin/\w+\.py|forms/(admin|session)\.py|signing_in\.py|staff_site\.py|sitemaps\.py|management/commands/\w+\.py)"
    )

    def test_nobody_else_reads_it(self) -> None:
        reading = [
            f"{path}:{node.lineno}"
            for path, tree in TREES.items()
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and self.reads_the_clock(node) and not self.READERS.fullmatch(path)
        ]

        assert reading == []

    def reads_the_clock(self, call: ast.Call) -> bool:
        """`timezone.now()`, `timezone.localdate()` without an instant, `date.today()`, `datetime.now()`."""
        name = ast.unparse(call.func)
        return name in ("timezone.now", "date.today", "datetime.now", "datetime.utcnow") or (
            name in ("timezone.localdate", "timezone.localtime", "localdate") and not call.args
        )


class TestStatuses:
    """R6, R13: a registration's status is written by `registering.gate`, a fee's by `members.fees`.

    A status of something else says so in the value: `TrainingSession.Status.PUBLISHED`,
    `SpreadsheetImport.Status.READY`.
    """

    OTHER = re.compile(r"TrainingSession\.Status\.\w+|SpreadsheetImport\.Status\.\w+( if .* else [\w.]+)?")
    WRITERS = {
        "sessions_app/registering/gate.py": [("move_all", "status of update"), ("_step", "registration.status")],
        "members/fees.py": [
            ("subscribe", "status of create"),
            ("_move", "locked.status"),
        ],
        # The history of another tool, by the table of `members.fees`; whatever becomes accepted or lost is announced.
        "members/importing/fee.py": [("_open", "fee.status"), ("_change", "fee.status")],
    }

    def test_who_writes_one(self) -> None:
        found = {path: self.written(tree) for path, tree in TREES.items()}

        assert {path: writes for path, writes in found.items() if writes} == self.WRITERS

    @pytest.mark.parametrize(
        "code",
        [
            "registration.status = Status.CONFIRMED",
            "registration.status, other = Status.CONFIRMED, 1",
            "registration.status: str = 'confirmed'",
            "Registration.objects.filter(pk=1).update(status='confirmed')",
            "Registration.objects.create(status='confirmed')",
            "Registration(session=session, status='confirmed')",
            "setattr(registration, 'status', 'confirmed')",
            "Registration.objects.bulk_update(rows, ['status'])",
        ],
    )
    def test_it_would_be_seen(self, code: str) -> None:
        assert len(self.written(ast.parse(f"def act():\n    {code}"))) == 1

    def written(self, tree: ast.Module) -> list[tuple[str, str]]:
        """Function and target of each write of a status, in order."""
        return [
            (function.name, target)
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef)
            for node in ast.walk(function)
            for target in self.targets(node)
        ]

    def targets(self, node: ast.AST) -> list[str]:
        """What this piece of code writes a status to."""
        match node:
            case ast.Assign(targets=targets, value=value) if not self.OTHER.fullmatch(ast.unparse(value)):
                return [
                    ast.unparse(part)
                    for target in targets
                    for part in (target.elts if isinstance(target, ast.Tuple) else [target])
                    if isinstance(part, ast.Attribute) and part.attr == "status"
                ]
            case ast.AnnAssign(target=ast.Attribute(attr="status") as target):
                return [ast.unparse(target)]
            case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value="status"), *_]):
                return ["setattr"]
            case ast.Call(func=ast.Attribute(attr="bulk_update"), args=[_, fields, *_]) if "status" in strings(fields):
                return ["status of bulk_update"]
            case ast.Call(func=ast.Attribute(attr="create" | "update" | "get_or_create" | "update_or_create") as func):
                return self.keyword(node, func.attr)
            case ast.Call(func=ast.Name(id="Registration" | "MembershipFee") as func):
                return self.keyword(node, func.id)
            case _:
                return []

    def keyword(self, call: ast.Call, name: str) -> list[str]:
        """The `status=` of a call that writes a row."""
        return [
            f"status of {name}"
            for word in call.keywords
            if word.arg == "status" and not self.OTHER.fullmatch(ast.unparse(word.value))
        ]


class TestDependencies:
    """Every dependency is in the README, with its reason; and nothing else."""

    def test_each_has_its_line(self) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
        section = (ROOT / "README.md").read_text().partition("## Dependencies")[2].partition("\n## ")[0]
        lines = re.findall(r"^\| ([^|]+) \| [^|]{4,} \|$", section, re.MULTILINE)

        documented = {name.strip("` ").lower() for line in lines for name in line.split(",")} - {"package"}
        assert documented == {re.split(r"[\[<>=~!]", requirement)[0].lower() for requirement in wanted}
