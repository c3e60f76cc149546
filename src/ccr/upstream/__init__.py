"""HTTP towards the backends: connections, pools, deadlines. Knows nothing of language models."""
