"""`sentence-transformers` and `openai` keep their contracts."""

import pytest

from cir_bench.testing import EncoderContract, JointContract


class TestVlm(JointContract):
    name = "sentence-transformers"
    model: str

    @pytest.fixture(autouse=True)
    def _model(self, models):
        self.model = models["prompted"]

    def parameters(self):
        return {"model": self.model}


class TestClip(EncoderContract):
    name = "sentence-transformers"
    model: str

    @pytest.fixture(autouse=True)
    def _model(self, models):
        self.model = models["clip"]

    def parameters(self):
        return {"model": self.model}


class TestEndpoint(JointContract):
    name = "openai"
    url: str

    @pytest.fixture(autouse=True)
    def _url(self, server):
        self.url = server.url

    def parameters(self):
        return {"url": self.url}
