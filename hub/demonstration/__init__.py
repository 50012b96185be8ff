"""The demonstration region: built through the public doors, with a local mailbox. Never in production."""
