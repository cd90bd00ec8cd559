"""The asv suite of fastscratch: see the README one folder up."""
