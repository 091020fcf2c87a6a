"""What the files of a project say: treadle.yaml, processes, the lock."""
