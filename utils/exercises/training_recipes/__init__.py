"""Questions on lesson 07: luck and rates, schedules and steps, softer targets, rare classes, a teacher, a recipe, and many runs."""

from utils.exercises.training_recipes.accumulating import q7
from utils.exercises.training_recipes.averages import q6
from utils.exercises.training_recipes.clipping import q5
from utils.exercises.training_recipes.collecting import q20
from utils.exercises.training_recipes.decisions import q14
from utils.exercises.training_recipes.distilling import q13
from utils.exercises.training_recipes.focal import q10
from utils.exercises.training_recipes.grids import q16, q17
from utils.exercises.training_recipes.luck import q1
from utils.exercises.training_recipes.lucky import q19
from utils.exercises.training_recipes.mixing import q12
from utils.exercises.training_recipes.odds import q11
from utils.exercises.training_recipes.picking import q18
from utils.exercises.training_recipes.plateau import q4
from utils.exercises.training_recipes.ranges import q2
from utils.exercises.training_recipes.schedule import q3
from utils.exercises.training_recipes.smoothing import q8
from utils.exercises.training_recipes.together import q21
from utils.exercises.training_recipes.trying import q15
from utils.exercises.training_recipes.validating import q9

__all__ = [
    "q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q10", "q11", "q12", "q13", "q14",
    "q15", "q16", "q17", "q18", "q19", "q20", "q21",
]  # fmt: skip
