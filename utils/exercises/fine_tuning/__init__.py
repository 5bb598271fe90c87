"""Questions on lesson 03: a new head, the loop, freezing, rates, BatchNorm's averages, what is loaded and kept."""

from utils.exercises.fine_tuning.averages import q9, q10
from utils.exercises.fine_tuning.counting import q2
from utils.exercises.fine_tuning.decisions import q13
from utils.exercises.fine_tuning.drifting import q7
from utils.exercises.fine_tuning.freezing import q6
from utils.exercises.fine_tuning.heads import q1
from utils.exercises.fine_tuning.keeping import q12
from utils.exercises.fine_tuning.loading import q11
from utils.exercises.fine_tuning.rates import q8
from utils.exercises.fine_tuning.scores import q4, q5
from utils.exercises.fine_tuning.steps import q3
from utils.exercises.fine_tuning.trying import q14

__all__ = ["q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q10", "q11", "q12", "q13", "q14"]
