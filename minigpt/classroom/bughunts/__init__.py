"""One bug hunt a module; the programs themselves lie in `programs/`."""
