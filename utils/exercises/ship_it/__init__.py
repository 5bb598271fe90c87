"""Questions on lesson 08: what comes out and goes in, the same answers, eight bits, size and time, strangers' files, a card."""

from utils.exercises.ship_it.batches import q3
from utils.exercises.ship_it.calibrating import q5
from utils.exercises.ship_it.card import q12
from utils.exercises.ship_it.choosing import q8
from utils.exercises.ship_it.counting import q6
from utils.exercises.ship_it.decisions import q13
from utils.exercises.ship_it.facts import q10
from utils.exercises.ship_it.loading import q11
from utils.exercises.ship_it.parity import q2
from utils.exercises.ship_it.serving import q9
from utils.exercises.ship_it.softmax import q1
from utils.exercises.ship_it.timing import q7
from utils.exercises.ship_it.weights import q4

__all__ = ["q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q10", "q11", "q12", "q13"]
