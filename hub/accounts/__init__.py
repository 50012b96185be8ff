"""Staff, portal accounts, invitations, consents, one-time codes, browser sessions."""
