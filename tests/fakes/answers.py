"""A POS that answers from a list, without a network."""

from collections.abc import Callable

import httpx

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def answer(status: int = 200, body: str | bytes = b'{"payments":[]}', **headers: str) -> httpx.Response:
    """One answer; `retry_after="7"` becomes the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, content=body, headers={"content-type": "application/json"} | named)


class Answers(httpx.BaseTransport):
    """Gives its answers in turn, the last one again and again; remembers what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, or fail as the network does."""
        self.requests.append(request)
        chosen = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(chosen, Exception):
            raise chosen
        if isinstance(chosen, httpx.Response):
            return httpx.Response(chosen.status_code, content=chosen.content, headers=chosen.headers)
        return chosen(request)
