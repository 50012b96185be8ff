"""Tests of the questions to INSi."""
