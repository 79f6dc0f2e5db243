"""Data whose true information is known."""
