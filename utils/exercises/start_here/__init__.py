"""Questions on lesson 00: how a check works, cells and their order, folders, three parts, scores, one picture."""

from utils.exercises.start_here.cells import q2
from utils.exercises.start_here.folders import q3, q4
from utils.exercises.start_here.parts import q5, q6
from utils.exercises.start_here.pictures import q9, q10
from utils.exercises.start_here.right import q1
from utils.exercises.start_here.running import q11
from utils.exercises.start_here.scores import q7, q8

__all__ = ["q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q10", "q11"]
