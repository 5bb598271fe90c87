"""A trained model as a file that runs elsewhere, with the same answers."""
