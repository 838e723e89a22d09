"""The file that the coordinator sends."""

from typing import Any

from django import forms

from caprural import spreadsheets, typed_again
from caprural.spreadsheets import Table
from members import importing
from members.columns import LAYOUTS


class SpreadsheetForm(typed_again.Form, forms.Form):
    """What the file holds, and the file: a table whose columns are those of its kind."""

    kind = forms.ChoiceField(
        label="Contenu du fichier",
        choices=[(kind, layout.label) for kind, layout in LAYOUTS.items()],
        widget=forms.RadioSelect,
    )
    file = forms.FileField(
        label="Fichier",
        help_text="CSV ou XLSX, 10 Mo et 20 000 lignes au plus. Une ligne porte les titres des colonnes.",
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx,.xlsm"}),
    )
    sending = forms.UUIDField(widget=forms.HiddenInput)

    content: bytes
    table: Table

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        file, kind = cleaned.get("file"), cleaned.get("kind")
        if not file or not kind:
            return cleaned
        if file.size > spreadsheets.MAX_BYTES:
            self.add_error("file", "Ce fichier est trop lourd : 10 Mo au plus. Partagez-le en plusieurs fichiers.")
            return cleaned
        try:
            self.content = file.read()
            self.table = importing.read(kind, file.name, self.content)
            importing.match(kind, self.table)
        except (spreadsheets.NotASpreadsheet, importing.WrongColumns) as refused:
            self.add_error("file", str(refused))
        return cleaned
