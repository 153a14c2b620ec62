"""pytest's option --impl: a student's file for the tests of its lesson."""


def pytest_addoption(parser) -> None:
    """Add the option; `tests/classroom/test_student_file.py` reads it."""
    parser.addoption("--impl", metavar="FILE", default=None,
                     help="a student's file for the tests of its lesson: -m lesson06")  # fmt: skip
