"""Build the font files from the @fontsource packages, `fonts.py SOURCE TARGET`: `make fonts`.

Fontsource ships Latin and Latin Extended as two files under one internal name. A browser copes; WeasyPrint takes
them for one font and prints « Štěpán » with the glyphs of another alphabet. So each face becomes one file, that holds
what French and its neighbours write, and what both sources lack: U+202F (fine space), U+2011, → and ✓.
"""

import sys
import tempfile
from pathlib import Path

from fontTools.merge import Merger
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

# The name is ours because « Source » is a reserved font name: the licence wants another one for a modified version.
FACES = {
    "texte-400": ("source-sans-3", "400-normal", "Cap Rural Texte", "Regular"),
    "texte-400-italique": ("source-sans-3", "400-italic", "Cap Rural Texte", "Italic"),
    "texte-600": ("source-sans-3", "600-normal", "Cap Rural Texte", "SemiBold"),
    "texte-700": ("source-sans-3", "700-normal", "Cap Rural Texte", "Bold"),
    "titre-700": ("podkova", "700-normal", "Cap Rural Titre", "Bold"),
}
#: Letters of our neighbours in the documents only (`pdf.css`): a page has the fonts of who reads it, a paper has not.
NEIGHBOURS = {
    "voisins-400": ("400-normal", "Regular", "texte-400"),
    "voisins-700": ("700-normal", "Bold", "texte-700"),
}
SIGNS = " \u00a0-.,'’()&"
ALPHABETS = ("latin-ext", "vietnamese", "greek", "greek-ext", "cyrillic", "cyrillic-ext")
LATIN_EXTENDED = [*range(0x100, 0x180), *range(0x218, 0x21C), 0x1E9E]
NEEDED = "«»’…–—œŒÀÉ€→•\u00a0\u202f\u2011✓ŠőŁ"
FINE_SPACE, HYPHEN, ARROW, TICK = 0x202F, 0x2011, 0x2192, 0x2713


def subset(path: Path, codepoints: set[int], *, layout: bool) -> TTFont:
    options = Options()
    options.layout_features = ["*"] if layout else []
    options.drop_tables += ["BASE", "STAT", "prep", "gasp"] + ([] if layout else ["GSUB", "GPOS", "GDEF"])
    font = TTFont(path)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=codepoints)
    subsetter.subset(font)
    font.flavor = None
    return font


def merge(latin: Path, extended: Path) -> TTFont:
    held = set(TTFont(latin).getBestCmap())
    fonts = [
        subset(latin, held, layout=True),
        subset(extended, set(LATIN_EXTENDED) - held, layout=False),
    ]
    return in_one(fonts)


def in_one(fonts: list[TTFont]) -> TTFont:
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, font in enumerate(fonts):
            paths.append(f"{folder}/{number}.ttf")
            font.save(paths[-1])
        return Merger().merge(paths)


def add_glyph(font: TTFont, codepoint: int, width: int, strokes: list[list[tuple[int, int]]]) -> None:
    name = f"uni{codepoint:04X}"
    pen = TTGlyphPen(None)
    for first, *others in strokes:
        pen.moveTo(first)
        for point in others:
            pen.lineTo(point)
        pen.closePath()
    glyph = pen.glyph()
    font.setGlyphOrder([*font.getGlyphOrder(), name])
    font["glyf"][name] = glyph
    glyph.recalcBounds(font["glyf"])
    font["hmtx"][name] = (width, getattr(glyph, "xMin", 0))
    for table in font["cmap"].tables:
        if table.isUnicode():
            table.cmap[codepoint] = name


def add_missing(font: TTFont) -> None:
    """Draw the four characters with the stroke of the font's own minus sign."""
    characters = font.getBestCmap()
    minus = font["glyf"][characters[0x2212]]
    bottom, top = minus.yMin, minus.yMax
    stroke, axis = top - bottom, (top + bottom) // 2
    add_glyph(font, FINE_SPACE, 150, [])
    hyphen = font["glyf"][characters[0x2D]]
    x0, y0, x1, y1 = hyphen.xMin, hyphen.yMin, hyphen.xMax, hyphen.yMax
    add_glyph(font, HYPHEN, font["hmtx"][characters[0x2D]][0], [[(x0, y0), (x0, y1), (x1, y1), (x1, y0)]])
    head, tip, slant = 190, 790, round(stroke * 0.7)
    add_glyph(
        font,
        ARROW,
        840,
        [
            [(50, bottom), (50, top), (tip - stroke, top), (tip - stroke, bottom)],
            [
                (tip, axis),
                (tip - head - slant, axis - head - slant),
                (tip - head - 2 * slant, axis - head),
                (tip - 2 * slant, axis),
                (tip - head - 2 * slant, axis + head),
                (tip - head - slant, axis + head + slant),
            ],
        ],
    )
    add_glyph(
        font,
        TICK,
        640,
        [
            [
                (40, 250),
                (40 + slant, 250 + slant),
                (220, 70 + 2 * slant),
                (560 - slant, 580 + slant),
                (560 + slant // 2, 580),
                (220, 70),
            ]
        ],
    )


def rename(font: TTFont, family: str, style: str) -> None:
    names = font["name"]
    full = f"{family} {style}"
    postscript = full.replace(" ", "")
    for identifier, value in {
        1: full,
        2: "Regular",
        3: postscript,
        4: full,
        6: postscript,
        16: family,
        17: style,
    }.items():
        names.setName(value, identifier, 3, 1, 0x409)
    names.setName("SIL Open Font License 1.1", 13, 3, 1, 0x409)
    names.names = [record for record in names.names if record.platformID == 3]


def write(font: TTFont, family: str, style: str, path: Path) -> None:
    rename(font, family, style)
    font["head"].created = font["head"].modified = 3_786_912_000  # 2024 for all: the same sources give the same bytes
    font.recalcTimestamp = False
    font.save(path)


def build_neighbours(face: str, source: Path, target: Path) -> None:
    """What the face beside it lacks, from every alphabet its family has."""
    weight, style, beside = NEIGHBOURS[face]
    # Spaces and the signs of names too: Pango prints those between two foreign words with the font of the words.
    held = set(TTFont(target / f"{beside}.woff2").getBestCmap()) - set(map(ord, SIGNS))
    fonts = []
    for alphabet in ("latin", *ALPHABETS):
        path = source / "source-sans-3" / "files" / f"source-sans-3-{alphabet}-{weight}.woff2"
        codepoints = set(TTFont(path).getBestCmap()) - held if alphabet != "latin" else set(map(ord, SIGNS))
        fonts.append(subset(path, codepoints, layout=False))
        held |= codepoints
    # Not compressed: no page sends it, and WeasyPrint would decompress it for every document.
    write(in_one(fonts), "Cap Rural Voisins", style, target / f"{face}.ttf")


def build(face: str, source: Path, target: Path) -> None:
    package, weight, family, style = FACES[face]
    files = source / package / "files"
    font = merge(files / f"{package}-latin-{weight}.woff2", files / f"{package}-latin-ext-{weight}.woff2")
    add_missing(font)
    font.flavor = "woff2"
    write(font, family, style, target / f"{face}.woff2")
    held = font.getBestCmap()
    if missing := [character for character in NEEDED if ord(character) not in held]:
        sys.exit(f"{face}: no glyph for {missing}")


def write_coverage(target: Path) -> None:
    """The characters that both weights print, as ranges: what `caprural.validators` lets people type on one line."""
    weights = (("texte-400.woff2", "voisins-400.ttf"), ("texte-700.woff2", "voisins-700.ttf"))
    regular, bold = ({c for name in names for c in TTFont(target / name).getBestCmap()} for names in weights)
    ranges: list[list[int]] = []
    for codepoint in sorted(regular & bold):
        if ranges and codepoint == ranges[-1][1] + 1:
            ranges[-1][1] = codepoint
        else:
            ranges.append([codepoint, codepoint])
    (target / "couverture.txt").write_text("".join(f"{first:x}-{last:x}\n" for first, last in ranges))


if __name__ == "__main__":
    for name in FACES:
        build(name, source=Path(sys.argv[1]), target=Path(sys.argv[2]))
    for name in NEIGHBOURS:
        build_neighbours(name, source=Path(sys.argv[1]), target=Path(sys.argv[2]))
    write_coverage(Path(sys.argv[2]))
