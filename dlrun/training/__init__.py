"""Carrying out fits: the contract every engine keeps, and the engines.

The only package whose modules import Keras and TensorFlow at module level; `contract` and `choice` do not, so that
planning a run costs nothing.
"""
