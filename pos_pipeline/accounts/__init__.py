"""Who is linked: tenants, their grants and their shops.

    tenants ──< connections (one grant each, tokens sealed by `vault`) ──< accounts (one shop each)

`linking` makes and ends connections, `credentials` keeps their tokens alive, `door` opens a
connection's API. Nothing here reads sales.
"""
