"""Measurements of a real deployment; scripts/bench is their command line."""
