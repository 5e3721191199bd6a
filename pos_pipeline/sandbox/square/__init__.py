"""A faithful Square on loopback: OAuth, the endpoints the pipeline reads, errors, cursors, signed webhooks.

Client id and secret are constants of `grants`; consent is given by itself. What Square does
differently from its own documentation is done here as observed; the tests say which is which.
"""

from pos_pipeline.sandbox.square.cloud import SquareCloud

CLOUD = SquareCloud
