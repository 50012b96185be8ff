"""The linkage models in force: proposed by one officer, approved by another, tried beforehand, taken back at once."""
