"""Work that follows a change: jobs written with it, done after it."""
