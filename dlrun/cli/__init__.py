"""The command line: one file a command. The only package that prints, and the only place that catches dlrun's errors.

Every module here is imported by ``dlrun --help``, so whatever a command needs is imported inside its function.
"""
