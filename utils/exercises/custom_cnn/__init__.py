"""Questions on lesson 04: a convolution by hand, shapes and counts, blocks and heads, bugs, training, deciding."""

from utils.exercises.custom_cnn.averages import q15
from utils.exercises.custom_cnn.baselines import q14
from utils.exercises.custom_cnn.batches import q16
from utils.exercises.custom_cnn.blocks import q5
from utils.exercises.custom_cnn.counting import q3, q6, q7
from utils.exercises.custom_cnn.decisions import q18, q19
from utils.exercises.custom_cnn.heads import q8
from utils.exercises.custom_cnn.losses import q12
from utils.exercises.custom_cnn.overfitting import q11
from utils.exercises.custom_cnn.pictures import q17
from utils.exercises.custom_cnn.registering import q9
from utils.exercises.custom_cnn.shapes import q2, q4
from utils.exercises.custom_cnn.sharing import q10
from utils.exercises.custom_cnn.stopping import q13
from utils.exercises.custom_cnn.trying import q20
from utils.exercises.custom_cnn.windows import q1

__all__ = [
    "q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q10", "q11", "q12", "q13", "q14", "q15", "q16", "q17", "q18", "q19",
    "q20",
]  # fmt: skip
