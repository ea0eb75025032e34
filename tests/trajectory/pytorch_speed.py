"""Steps of training a second of the Decision Transformer in PyTorch, as the example `trajectory_speed` counts them.

The model is that of the trajectory card, section 3.1, written with torch.nn alone: the blocks of GPT-2 with weights stored
(in, out), dropout of the tokens, of attention weights and of both residual branches, and all tokens computed as the published code
computes them. A step is: forward, mean squared error, backward, clipping to 0.25, AdamW.

    python pytorch_speed.py [threads]
"""

import math
import sys
import time

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, width, heads, context, rate):
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        weight = lambda i, o: nn.Parameter(torch.randn(i, o) * 0.02)
        zeros = lambda o: nn.Parameter(torch.zeros(o))
        self.attn, self.attn_bias = weight(width, 3 * width), zeros(3 * width)
        self.proj, self.proj_bias = weight(width, width), zeros(width)
        self.fc, self.fc_bias = weight(width, 4 * width), zeros(4 * width)
        self.out, self.out_bias = weight(4 * width, width), zeros(width)
        self.rate = rate
        self.register_buffer("causal", torch.ones(3 * context, 3 * context).tril().bool())

    @staticmethod
    def linear(x, weight, bias):
        return torch.addmm(bias, x.reshape(-1, x.shape[-1]), weight).view(*x.shape[:-1], -1)

    def forward(self, x, hidden_keys, fused):
        b, n, width = x.shape
        qkv = self.linear(self.ln_1(x), self.attn, self.attn_bias)
        q, k, v = (
            part.view(b, n, self.heads, -1).transpose(1, 2) for part in qkv.split(width, -1)
        )
        rate = self.rate if self.training else 0.0
        if fused:
            mask = self.causal[:n, :n] & (hidden_keys == 0)
            mixed = nn.functional.scaled_dot_product_attention(q, k, v, mask, rate)
        else:
            scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
            scores = torch.where(self.causal[:n, :n], scores, torch.tensor(-1e4))
            weights = torch.softmax(scores + hidden_keys, -1)
            mixed = nn.functional.dropout(weights, rate, self.training) @ v
        mixed = mixed.transpose(1, 2).reshape(b, n, width)
        mixed = self.linear(mixed, self.proj, self.proj_bias)
        x = x + nn.functional.dropout(mixed, rate, self.training)
        fed = torch.relu(self.linear(self.ln_2(x), self.fc, self.fc_bias))
        fed = self.linear(fed, self.out, self.out_bias)
        return x + nn.functional.dropout(fed, rate, self.training)


class DecisionTransformer(nn.Module):
    def __init__(self, state, action, width, layers, heads, context, rate=0.1):
        super().__init__()
        self.time = nn.Embedding(1000, width)
        self.of_return = nn.Linear(1, width)
        self.of_state = nn.Linear(state, width)
        self.of_action = nn.Linear(action, width)
        self.norm, self.drop = nn.LayerNorm(width), nn.Dropout(0.1)
        self.blocks = nn.ModuleList(Block(width, heads, context, rate) for _ in range(layers))
        self.last_norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, action)

    def forward(self, states, actions, returns, times, mask, fused):
        b, k = states.shape[:2]
        time = self.time(times)
        tokens = [self.of_return(returns), self.of_state(states), self.of_action(actions)]
        x = torch.stack([token + time for token in tokens], 2).reshape(b, 3 * k, -1)
        x = self.drop(self.norm(x))
        hidden = (1.0 - mask.repeat_interleave(3, 1))[:, None, None, :] * -1e4
        for block in self.blocks:
            x = block(x, hidden, fused)
        x = self.last_norm(x).view(b, k, 3, -1)[:, :, 1]
        return torch.tanh(self.head(x))


def batch(rows, context, state, action):
    torch.manual_seed(1)
    return (
        torch.randn(rows, context, state),
        torch.rand(rows, context, action) * 2 - 1,
        torch.randn(rows, context, 1),
        torch.arange(context).expand(rows, context),
        torch.ones(rows, context),
    )


def train(width, layers, context, fused):
    model = DecisionTransformer(11, 3, width, layers, 1, context)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4, weight_decay=1e-4, fused=True)
    inputs = batch(64, context, 11, 3)
    real = inputs[4] > 0

    def step():
        predicted = model(*inputs, fused)
        loss = (predicted[real] - inputs[1][real]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        optimizer.step()

    for _ in range(3):
        step()
    start, steps = time.time(), 0
    while time.time() - start < 5:
        step()
        steps += 1
    return steps / (time.time() - start)


@torch.no_grad()
def act(width, layers, context, fused):
    model = DecisionTransformer(11, 3, width, layers, 1, context).eval()
    inputs = batch(256, context, 11, 3)
    best = math.inf
    for _ in range(8):
        start = time.time()
        model(*inputs, fused)
        best = min(best, time.time() - start)
    return best * 1e3


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    for name, sizes in [("K 20, H 128, 3 layers", (128, 3, 20)), ("K 5, H 32, 2 layers", (32, 2, 5))]:
        for fused in (False, True):
            rate, time_ms = train(*sizes, fused), act(*sizes, fused)
            how = "fused attention" if fused else "attention as published"
            print(f"{name}, {how}: {rate:.1f} steps/s of 64, {time_ms:.2f} ms for 256 histories")
