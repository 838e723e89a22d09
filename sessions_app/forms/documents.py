"""The files given to participants."""

import zipfile
from pathlib import PurePath

from django import forms
from django.core.files.uploadedfile import UploadedFile

from sessions_app.models import SessionDocument

#: How the name of a file ends, according to what it holds.
_FIRST_BYTES = {b"%PDF-": ("pdf",), b"\x89PNG\r\n\x1a\n": ("png",), b"\xff\xd8\xff": ("jpg", "jpeg")}
_OFFICE_FOLDERS = {"word/": ("docx",), "xl/": ("xlsx",), "ppt/": ("pptx",)}
_OPEN_DOCUMENTS = {
    f"application/vnd.oasis.opendocument.{kind}".encode(): (ending,)
    for kind, ending in (("text", "odt"), ("spreadsheet", "ods"), ("presentation", "odp"))
}


class SessionDocumentForm(forms.ModelForm):
    """A document that people can open and that does nothing on its own: told by what it holds, not by its name."""

    MAX_BYTES = 10_000_000

    class Meta:
        model = SessionDocument
        fields = ("title", "file")
        help_texts = {"file": "PDF, image PNG ou JPEG, document de bureautique sans macro. 10\u00a0Mo au plus."}

    def clean_file(self) -> object:
        file = self.cleaned_data["file"]
        if not isinstance(file, UploadedFile):
            return file
        if (file.size or 0) > self.MAX_BYTES:
            raise forms.ValidationError(
                "Ce fichier pèse plus de 10\u00a0Mo\u00a0: "
                "réduisez-le (images moins grandes, PDF «\u00a0taille minimale\u00a0»), puis recommencez."
            )
        endings = _endings(file)
        if not endings:
            raise forms.ValidationError(
                "Ce fichier n’est pas de ceux que tout le monde peut ouvrir sans risque\u00a0: enregistrez-le en PDF "
                "(ou PNG, JPEG, DOCX, XLSX, PPTX, ODT, ODS, ODP sans macro), puis recommencez."
            )
        if PurePath(file.name or "").suffix.lower().removeprefix(".") not in endings:
            raise forms.ValidationError(
                "Le nom de ce fichier ne dit pas ce qu’il contient\u00a0: "
                f"faites-le finir par «\u00a0.{endings[0]}\u00a0»."
            )
        return file


def _endings(file: UploadedFile) -> tuple[str, ...]:
    file.seek(0)
    start = file.read(16)
    for first_bytes, endings in _FIRST_BYTES.items():
        if start.startswith(first_bytes):
            return endings
    try:
        with zipfile.ZipFile(file) as archive:
            return _office_endings(archive)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, RuntimeError, OSError, EOFError):
        return ()
    finally:
        file.seek(0)


def _office_endings(archive: zipfile.ZipFile) -> tuple[str, ...]:
    names = archive.namelist()
    if any(name.lower().endswith("vbaproject.bin") or name.startswith("Basic/") for name in names):
        return ()
    if "[Content_Types].xml" in names:
        return next((e for folder, e in _OFFICE_FOLDERS.items() if any(name.startswith(folder) for name in names)), ())
    if "mimetype" in names:
        with archive.open("mimetype") as mimetype:
            return _OPEN_DOCUMENTS.get(mimetype.read(100).strip(), ())
    return ()
