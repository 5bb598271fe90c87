"""Questions on lesson 06: four cells, thresholds for a need, what is sure, calibration, bad cases, decisions."""

from utils.exercises.precision_recall.cells import q1, q2
from utils.exercises.precision_recall.certainty import q8, q9
from utils.exercises.precision_recall.choosing import q4, q6
from utils.exercises.precision_recall.claims import q12, q13
from utils.exercises.precision_recall.classes import q7
from utils.exercises.precision_recall.decisions import q14
from utils.exercises.precision_recall.rare import q3
from utils.exercises.precision_recall.reading import q10
from utils.exercises.precision_recall.reporting import q5
from utils.exercises.precision_recall.rows import q11
from utils.exercises.precision_recall.trying import q15

__all__ = ["q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q10", "q11", "q12", "q13", "q14", "q15"]
