"""An observer that observes nothing."""
