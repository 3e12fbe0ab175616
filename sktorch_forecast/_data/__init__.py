"""From frames to samples: panels, windows and targets."""
