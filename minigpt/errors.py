"""The one kind of error that is the user's to repair."""


class UserError(ValueError):
    """A mistake by the user, told in one sentence that says what is wrong and what to do.

    The command line prints the sentence and exits with code 2; no traceback is shown.
    Broken invariants of our own are `assert`s instead, so that they are never mistaken for this.
    """
