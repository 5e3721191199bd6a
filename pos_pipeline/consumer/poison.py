"""Messages that cannot be acted upon, however often they come."""

from pos_pipeline.errors import Permanent


class Poison(Permanent):
    """A message goes to the dead letters with `reason`, a stable word, and a sentence that quotes nothing of it."""

    code = "message_refused"
    action_required = "Correct the sender; then move the message back from the dead letters."

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
