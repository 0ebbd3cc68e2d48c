"""Tables, figures and one-file pages from plain data: no verb, run log or task is known here."""
