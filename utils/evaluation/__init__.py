"""What a model says about pictures, how good that is, and what it costs."""
