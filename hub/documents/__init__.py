"""Documents: deposit, inspection, encrypted storage, reading."""
