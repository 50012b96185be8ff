"""The same matching as `identity.linkage`, column by column, for a whole region at once."""
