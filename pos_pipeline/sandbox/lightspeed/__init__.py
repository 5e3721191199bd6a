"""A faithful Lightspeed Retail (X-Series) on loopback: consent, tokens, version cursors, search, signed webhooks.

Client id and secret are constants of `grants`; consent is given by itself. README.md beside this file
says what is answered, what is simulated of its habits, and what is left out.
"""

from pos_pipeline.sandbox.lightspeed.cloud import LightspeedCloud

CLOUD = LightspeedCloud
