"""How runs are stored, launched, kept alive and watched: everything about Dagster that is not an asset.

    instance ─▶ storage   (Postgres, pooled)
        │  └──▶ launcher ─▶ broker ─▶ worker ─▶ lease     (a run in a warm process, and whether it lives)
    runs     a job in this process, visible in the UI
    dev      everything at once on one machine
    due      what is to be synced now, from the control tables
    retention    what may be forgotten

Assets and sensors may use these rooms; these rooms know no asset.
"""
