"""`WordLstm`: word embedding → LSTM → one vector per text, as TIRG (last state) or VAL (maximum over time) use it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cir_bench_encoders.cnn_lstm_params import CnnLstmParams
from cir_bench_encoders.vocabulary import PAD, UNKNOWN, Vocabulary


class WordLstm(nn.Module):
    """Texts → pooled ``[B, width]``, states ``[B, L, lstm_width]`` and mask ``[B, L]``.

    The LSTM reads from left to right, so padding at the end changes no state of a real word.
    """

    def __init__(self, params: CnnLstmParams, seed: int) -> None:
        super().__init__()
        self._seed, self._word_width = seed, params.word_width
        self.lstm = nn.LSTM(params.word_width, params.lstm_width, batch_first=True)
        self.dropout = nn.Dropout(params.dropout)
        self.linear = nn.Linear(params.lstm_width, params.width)
        self.norm = nn.BatchNorm1d(params.width) if params.text_norm else nn.Identity()
        self._maximum = params.text_pooling == "max"
        self.use(Vocabulary())

    def use(self, vocabulary: Vocabulary) -> None:
        """Take ``vocabulary``, with new word vectors drawn from the seed; the unknown word starts as zero."""
        self.vocabulary = vocabulary
        device = self.linear.weight.device
        vectors = torch.empty(len(vocabulary), self._word_width)
        vectors.normal_(generator=torch.Generator().manual_seed(self._seed))
        vectors[[PAD, UNKNOWN]] = 0
        self.embedding = nn.Embedding(len(vocabulary), self._word_width, PAD, _weight=vectors.to(device))

    def forward(self, texts: Sequence[str]) -> tuple[Tensor, Tensor, Tensor]:
        """Pooled features, hidden states (zero at padding) and mask."""
        numbers, lengths = (t.to(self.linear.weight.device) for t in self.vocabulary.encode(texts))
        with torch.autocast(numbers.device.type, enabled=False):  # many CPUs have no LSTM in bfloat16
            states, _ = self.lstm(self.embedding(numbers))
        mask = torch.arange(numbers.shape[1], device=numbers.device) < lengths[:, None]
        if self._maximum:
            summary = states.masked_fill(~mask[:, :, None], -torch.inf).amax(dim=1)
        else:
            summary = states[torch.arange(len(states), device=states.device), lengths - 1]
        return self.norm(self.linear(self.dropout(summary))), states * mask[:, :, None], mask
