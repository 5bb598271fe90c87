"""What a warm kernel has imported when it starts, which nearly every lesson imports; see `utils.notebooks.warm`."""

import gc
import os
import sys

# As in a kernel, and before matplotlib is there, which reads it.
os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")

import ipykernel.kernelapp  # noqa: F401
import pandas as pd
import torchvision  # noqa: F401

import utils.data.loaders
import utils.evaluation.predictions
import utils.lesson
import utils.models.build
import utils.notebooks.warm
import utils.plots
import utils.training.loop  # noqa: F401

PATH = [folder for folder in sys.path if folder]  # where a kernel looks for modules, but for its own folder
pd.set_option("display.max_columns", 20)  # as it is where pandas is imported in a kernel
gc.freeze()  # what is there now is looked at by no collection: each kernel would copy all of it
