"""From a folder or CSV to an image table, its splits and its loaders."""
