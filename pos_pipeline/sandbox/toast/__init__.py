"""A faithful Toast on loopback: login, orders by modification, payments, reference data, partners, signed webhooks.

Client id and secret are constants of `grants`. What stands for Toast Web, where merchants add an
integration, is a page of the sandbox's own; README.md says what else is not Toast's protocol.
"""

from pos_pipeline.sandbox.toast.cloud import ToastCloud

CLOUD = ToastCloud
