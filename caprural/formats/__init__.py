"""Django's formats for the admin and the forms: FORMAT_MODULE_PATH points here (SPEC §7)."""
