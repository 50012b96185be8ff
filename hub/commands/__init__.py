"""The commands of `hub`, one module for each subject."""
