"""Tests of the identity index."""
