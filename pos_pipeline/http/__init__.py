"""The one way out: every request to a POS goes through here.

    HttpApi            a connection's door (token, renewal, budget): what streams are read with
      └─ Caller        one POS's protocol (base URL, headers, `explain`), retried: what OAuth is done with
           ├─ RetryPolicy    how often, how long, Retry-After
           └─ exchange()     one request: pool, timeouts, size cap, JSON or not

Beside them, `SharedBudget` holds all processes together to one rate per connection.
"""

from pos_pipeline.http.api import HttpApi
from pos_pipeline.http.body import decode
from pos_pipeline.http.caller import Caller
from pos_pipeline.http.retry import RetryPolicy

__all__ = ["Caller", "HttpApi", "RetryPolicy", "decode"]
