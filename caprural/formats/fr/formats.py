"""« 12 avril 2017 », « 9 h 30 », « 1 200,50 » where Django shows or reads them itself, mostly in the admin.

Django's own French formats say « 19:51 » with ordinary spaces; what is not here is theirs. They cannot say « 1er »:
pages use caprural.typography.
"""

DATE_FORMAT = "j\u00a0F Y"
TIME_FORMAT = "G\u00a0\\h\u00a0i"
DATETIME_FORMAT = "j\u00a0F Y, G\u00a0\\h\u00a0i"
MONTH_DAY_FORMAT = "j\u00a0F"
SHORT_DATETIME_FORMAT = "d/m/Y, G\u00a0\\h\u00a0i"

# The first of each list is what a form shows again. A space here stands for any spaces, no-break ones too.
DATE_INPUT_FORMATS = ["%d/%m/%Y", "%d/%m/%y", "%Y-%m-%d", "%d.%m.%Y", "%d-%m-%Y"]
TIME_INPUT_FORMATS = ["%H:%M", "%Hh%M", "%H h %M", "%Hh", "%H h", "%H:%M:%S", "%H:%M:%S.%f"]
DATETIME_INPUT_FORMATS = [
    *(f"{day} {hour}" for day in DATE_INPUT_FORMATS for hour in TIME_INPUT_FORMATS),
    *(f"{day}, {hour}" for day in DATE_INPUT_FORMATS for hour in TIME_INPUT_FORMATS),
    *DATE_INPUT_FORMATS,
]

THOUSAND_SEPARATOR = "\u202f"
