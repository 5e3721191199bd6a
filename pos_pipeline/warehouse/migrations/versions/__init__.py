"""One file per version of the control schemas, in order."""
