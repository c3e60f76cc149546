"""A router's day in miniature: a scripted model, one request of each kind, and the table of where they went."""
