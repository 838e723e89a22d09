"""The letter box: every letter we write, from its queue to the mail server."""
