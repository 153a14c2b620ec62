"""Benchmarks: what minigpt's speed claims are measured with, side by side in one process."""
