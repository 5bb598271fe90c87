"""Questions on lesson 09, the capstone: from a brief to a report, step by step, and a rubric to judge it by."""

from utils.exercises.your_own_pictures.beating import q3
from utils.exercises.your_own_pictures.carding import q11
from utils.exercises.your_own_pictures.choosing import q6
from utils.exercises.your_own_pictures.finding import q1
from utils.exercises.your_own_pictures.grading import q12
from utils.exercises.your_own_pictures.leaking import q2
from utils.exercises.your_own_pictures.needing import q9
from utils.exercises.your_own_pictures.planning import q4, q5
from utils.exercises.your_own_pictures.posting import q10
from utils.exercises.your_own_pictures.saying import q7, q8

__all__ = ["q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q10", "q11", "q12"]
