"""The public pages, split by noun. The clock is read here and passed down as `now`."""
