"""A shop, in no provider's words: who sells what to whom, and what is corrected afterwards.

    merchants + assortment ──▶ till ──▶ Sale ──aftermath──▶ Sale, later
                                          │
                                world keeps the time, ledger the truth

Add here what can happen at a counter; how a provider shows it belongs to that provider's folder.
"""
