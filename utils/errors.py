"""The one error for what a learner can mend: what was expected, what came, which ones, what to do next."""


class CourseError(ValueError):
    """A mistake in the input (a folder, a file, a parameter), with the way to mend it in its message."""


def named(names, most=8):
    """The first names of a long list in quotes, and how many more there are: 'cat', 'dog' and 3 more."""
    names = [str(name) for name in names]
    shown = ", ".join(repr(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"
