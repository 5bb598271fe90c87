"""Questions on lesson 01: folders and labels, pictures, splits, copies, transforms, and what to conclude."""

from utils.exercises.data_folders.augmentation import q20, q22, q23
from utils.exercises.data_folders.copies import q10, q13
from utils.exercises.data_folders.csvs import q2
from utils.exercises.data_folders.decisions import q6, q11, q12
from utils.exercises.data_folders.folders import q1, q3
from utils.exercises.data_folders.normalising import q18, q19
from utils.exercises.data_folders.palettes import q17
from utils.exercises.data_folders.pictures import q4, q5
from utils.exercises.data_folders.shapes import q14, q15, q16
from utils.exercises.data_folders.splits import q7, q8, q9
from utils.exercises.data_folders.workers import q21

__all__ = ["q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q10", "q11", "q12", "q13", "q14", "q15", "q16", "q17",
           "q18", "q19", "q20", "q21", "q22", "q23"]  # fmt: skip
