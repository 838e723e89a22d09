"""The public pages of the annual fee."""
