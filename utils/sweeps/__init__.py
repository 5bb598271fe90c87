"""A grid of parameters over a notebook: every combination a papermill run in a folder of its own, and one table of all.

```
runs/sweeps/07_training_recipes/
    sweep.csv                        the last call's table, a row a run: parameters, how it went, the numbers it recorded
    lr=0.001,optimizer=adam-5b1f0c2a/
        07_training_recipes.ipynb    executed, also where it stopped half-way
        run.json                     how it went; written last, so that what has one is finished
        output/                      results.json and whatever else the notebook leaves
```

The same call again runs what is missing or failed, and nothing twice: a sweep that was killed goes on, a grid that has
grown takes over what there is. `python -m utils.sweeps --help` is the same as a command. Introduced in lesson 07.
"""

from utils.sweeps.grids import plan
from utils.sweeps.running import sweep
from utils.sweeps.tables import read_sweep

__all__ = ["plan", "read_sweep", "sweep"]
