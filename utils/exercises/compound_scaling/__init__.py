"""Questions on lesson 02: what layers and blocks cost, rounding, the rule and its grid, time, and which size for which job."""

from utils.exercises.compound_scaling.blocks import q4
from utils.exercises.compound_scaling.convolutions import q1, q2, q3
from utils.exercises.compound_scaling.decisions import q12
from utils.exercises.compound_scaling.rounding import q5, q6, q7
from utils.exercises.compound_scaling.rule import q8, q9
from utils.exercises.compound_scaling.timing import q10, q11
from utils.exercises.compound_scaling.trying import q13

__all__ = ["q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q10", "q11", "q12", "q13"]
