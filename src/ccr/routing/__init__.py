"""Which provider and model answers a request. Pure functions over facts; knows names, not endpoints."""
