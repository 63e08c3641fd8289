"""`EmbeddingClient`: from messages to vectors by requests to an endpoint; a failure is retried, or is one sentence."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import sleep
from typing import Any

import httpx2
import torch
from torch import Tensor

from cir_bench import ConfigError, DataError
from cir_bench_multimodal.params import OpenAIParams

AGAIN = frozenset({429, 500, 502, 503, 504})
"""Status codes that may be gone the next time."""
LONGEST_WAIT = 60.0
"""Seconds between two tries, whatever the server asks for."""


class EmbeddingClient:
    """Talks to ``URL/embeddings`` with a list of messages for each item, as vLLM extends OpenAI's endpoint.

    Attributes:
        model: the name of the served model.
    """

    def __init__(self, params: OpenAIParams) -> None:
        self._params = params
        self._client = httpx2.Client(timeout=params.timeout, headers=_authorisation(params))
        self.model = params.model or self._only_model()

    def embed(self, messages: Sequence[Sequence[Mapping[str, Any]]]) -> Tensor:
        """Vectors ``[B, d]`` of B conversations, in their order, several requests at a time.

        Raises:
            DataError: a request fails for good, or an answer is not an embedding; the first of them is named.
        """
        with ThreadPoolExecutor(self._params.concurrency) as pool:
            futures = [pool.submit(self._one, one) for one in messages]
            try:
                rows = [future.result() for future in futures]
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
        widths = sorted({len(row) for row in rows})
        if len(widths) > 1:
            raise DataError(f"{self._params.url} gave vectors of different widths, {widths}; is it one model?")
        return torch.tensor(rows)

    def _one(self, messages: Sequence[Mapping[str, Any]]) -> list[float]:
        body = {"model": self.model, "messages": messages, "encoding_format": "float", **self._params.body}
        if self._params.dimensions is not None:
            body["dimensions"] = self._params.dimensions
        answer = self._ask("POST", "/embeddings", body)
        try:
            (row,) = answer["data"]
            vector = [float(number) for number in row["embedding"]]
        except (TypeError, KeyError, ValueError, OverflowError) as error:
            raise self._unreadable("one embedding") from error
        if not vector or not torch.isfinite(torch.tensor(vector)).all():
            raise self._unreadable("one finite embedding")
        return vector

    def _only_model(self) -> str:
        answer = self._ask("GET", "/models", None)
        try:
            names = [str(one["id"]) for one in answer["data"]]
        except (TypeError, KeyError) as error:
            raise self._unreadable("a list of models") from error
        if len(names) != 1:
            listed = ", ".join(names) or "none"
            raise ConfigError(f"{self._params.url} serves {len(names)} models ({listed}); set encoder.model to one.")
        return names[0]

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        """The JSON of an answer; tries again while that may help."""
        url, why = self._params.url + path, ""
        for attempt in range(self._params.retries + 1):
            wait = min(2.0**attempt, LONGEST_WAIT)
            try:
                response = self._client.request(method, url, json=body)
            except httpx2.TimeoutException:
                why = f"did not answer within {self._params.timeout:g} s"
            except httpx2.RequestError as error:
                why = f"cannot be reached ({str(error) or type(error).__name__})"
            else:
                if response.is_success:
                    return self._json(response)
                why = f"answered with status {response.status_code} ({_message(response)})"
                if response.status_code not in AGAIN:
                    raise DataError(f"{url} {why}.")
                wait = _asked_wait(response, wait)
            if attempt < self._params.retries:
                sleep(wait)
        tries = f"{self._params.retries + 1} times" if self._params.retries else "at the only try"
        raise DataError(f"{url} {why}, {tries}; is the server running?")

    def _json(self, response: httpx2.Response) -> Any:
        try:
            return response.json()
        except ValueError as error:
            raise self._unreadable("JSON") from error

    def _unreadable(self, expected: str) -> DataError:
        return DataError(
            f"{self._params.url} did not answer with {expected}; is it an OpenAI-compatible endpoint, /v1 included?"
        )


def _authorisation(params: OpenAIParams) -> dict[str, str]:
    if params.api_key_env is None:
        return {}
    key = os.environ.get(params.api_key_env)
    if not key:
        raise ConfigError(f"the environment variable {params.api_key_env} (encoder.api_key_env) is not set.")
    return {"Authorization": f"Bearer {key}"}


def _asked_wait(response: httpx2.Response, otherwise: float) -> float:
    """Seconds of ``Retry-After``, if it gives seconds."""
    try:
        return min(max(float(response.headers.get("Retry-After", "")), 0.0), LONGEST_WAIT)
    except ValueError:
        return otherwise


def _message(response: httpx2.Response) -> str:
    """What the server says, in one short line."""
    try:
        body = response.json()
        error = body.get("error", body)
        text = error.get("message", error) if isinstance(error, Mapping) else error
    except (ValueError, AttributeError):
        text = response.text
    return " ".join(str(text).split())[:200] or "no reason given"
