"""The sources: one module for each kind, each with a front function that returns a `Dataset` or raises `DataError`."""
