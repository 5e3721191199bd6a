"""Shop records written as Square JSON. One module per object; no renderer knows of HTTP."""
