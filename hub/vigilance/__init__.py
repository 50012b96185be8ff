"""What the identity-vigilance cell sees across areas: what an act concerns, a person's whole story, quality."""
