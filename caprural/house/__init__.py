"""The house itself: the organisation that signs everything, the pages of the site, and whether it runs."""
