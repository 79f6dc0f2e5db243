"""Estimators of mutual information between an embedding and a signal, in bits."""
