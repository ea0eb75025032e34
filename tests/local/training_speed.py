"""Tokens a second of training a small Llama on the CPU with PyTorch and transformers.

The twin of models/examples/training_speed.rs: same sizes, forward, backward, no optimizer.

    python tests/local/training_speed.py [threads [sdpa | eager]]
"""

import sys
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM

ROWS, LENGTH, STEPS = 8, 256, 8


def main():
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
    config = LlamaConfig(
        vocab_size=2048,
        hidden_size=256,
        intermediate_size=688,
        num_hidden_layers=6,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=LENGTH,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=None,
    )
    for attention in sys.argv[2:] or ["sdpa", "eager"]:
        torch.manual_seed(1)
        model = LlamaForCausalLM._from_config(config, attn_implementation=attention)
        model.train()
        ids = torch.randint(0, 2048, (ROWS, LENGTH))
        seconds = []
        for _ in range(STEPS):
            model.zero_grad(set_to_none=True)
            start = time.perf_counter()
            loss = model(input_ids=ids, labels=ids).loss
            loss.backward()
            seconds.append(time.perf_counter() - start)
        tokens = ROWS * LENGTH
        median = sorted(seconds)[STEPS // 2]
        print(
            f"{attention}: loss {loss.item():.4f}, best {tokens / min(seconds):.0f} tokens/s, "
            f"median {tokens / median:.0f} tokens/s"
        )
    print(sum(p.numel() for p in model.parameters()), "parameters")


if __name__ == "__main__":
    main()
