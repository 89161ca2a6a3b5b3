"""Preprocessing: steps that are fitted on training rows, and then applied to any rows."""
