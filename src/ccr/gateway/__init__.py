"""One request end to end: the ASGI app, the attempt loop, the relay, and the server that carries them."""
