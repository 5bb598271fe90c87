"""Training: a recipe, the loop that follows it, and the objects that it is made of."""
