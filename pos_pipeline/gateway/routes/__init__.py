"""The routes of `/api/v1/pos`, a file for each part of the contract."""
