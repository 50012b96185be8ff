"""Tests: what the cell sees across areas."""
