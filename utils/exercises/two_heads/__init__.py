"""Questions on lesson 05: targets and masks, weights and steps, heads that begin well, bugs, what to choose and to claim."""

from utils.exercises.two_heads.claims import q13
from utils.exercises.two_heads.counting import q10
from utils.exercises.two_heads.dead import q8
from utils.exercises.two_heads.decisions import q14
from utils.exercises.two_heads.epochs import q11
from utils.exercises.two_heads.evaluating import q12
from utils.exercises.two_heads.mapping import q1
from utils.exercises.two_heads.masks import q2
from utils.exercises.two_heads.outputs import q4
from utils.exercises.two_heads.scores import q3
from utils.exercises.two_heads.smoothing import q7
from utils.exercises.two_heads.splitting import q9
from utils.exercises.two_heads.trying import q15
from utils.exercises.two_heads.weights import q5, q6

__all__ = ["q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q10", "q11", "q12", "q13", "q14", "q15"]
