"""The other half of the lessons in JupyterLab: the tests of `test_in_jupyterlab.py`, for another process."""

from tests.lessons.lab import halves
from tests.lessons.test_in_jupyterlab import (  # noqa: F401
    lab,
    lesson,
    pytest_generate_tests,
    pytestmark,
    test_each_slider_can_be_moved_and_what_stands_beside_it_follows,
    test_every_cell_has_run_in_order_and_none_has_failed,
    test_every_claim_of_the_lesson_is_made_and_holds,
    test_nothing_is_marked_as_wrong_but_the_answer_that_lesson_00_shows,
    test_the_page_asks_nobody_but_its_own_server,
    test_the_page_shows_all_widgets_pictures_and_formulas_and_complains_of_nothing,
)

LESSONS = halves()[1]
