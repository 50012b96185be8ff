"""Structures, professionals and pharmacies: who they are and their MSSanté addresses."""
