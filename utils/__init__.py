"""The package under the lessons: a picture travels data, models, evaluation, training, plots and export, sweeps."""
