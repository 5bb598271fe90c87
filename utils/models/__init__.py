"""From a name to a network with a new head, its weights, its frozen parts, and a checkpoint that describes itself."""
