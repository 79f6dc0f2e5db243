"""Formulas for bits as a function of depth, of size, or of both."""
