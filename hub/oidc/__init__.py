"""OAuth 2 and OpenID Connect: the provider that patients log in with, and the clients of practice software."""
