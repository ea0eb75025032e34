"""Tokens per second of Hugging Face transformers on the model of `local_speed`.

    python tests/local/transformers_speed.py [threads] [runs]

A random Llama of 109.5 million parameters (12 layers, 768, MLP 2048, 12 heads, vocabulary 32000,
tied) in float32 on the CPU; prompts of 128 tokens, then 32 decoded tokens a row. Each figure is
the best of several runs; with one thread the time is the process's own on the processor, else it
is that of the clock. Needs torch and transformers, no network and no weights.
"""

import sys
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM

PROMPT = 128
DECODED = 32


@torch.inference_mode()
def run(model, batch):
    """Seconds of the prefill and of the decoded steps."""
    rows = [[((i + 1000 * (row + 1)) * 7919) % 31991 for i in range(PROMPT)] for row in range(batch)]
    tokens = torch.tensor(rows)
    clock = time.thread_time if torch.get_num_threads() == 1 else time.perf_counter
    start = clock()
    out = model(tokens, use_cache=True, logits_to_keep=1)
    prefill = clock() - start
    cache = out.past_key_values
    start = clock()
    for _ in range(DECODED):
        tokens = out.logits[:, -1].argmax(-1, keepdim=True)
        out = model(tokens, past_key_values=cache, use_cache=True)
        cache = out.past_key_values
    return prefill, clock() - start


def main():
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=32000,
        hidden_size=768,
        intermediate_size=2048,
        num_hidden_layers=12,
        num_attention_heads=12,
        num_key_value_heads=12,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
    )
    model = LlamaForCausalLM(config).eval()
    print(f"torch {torch.__version__}, {threads} threads, best of {runs} runs, tokens/s over all rows")
    print(f"{'batch':>6} {'prefill':>9} {'decode':>9}")
    for batch in (1, 8, 32):
        times = [run(model, batch) for _ in range(runs)]
        prefill = min(t[0] for t in times)
        decode = min(t[1] for t in times)
        print(f"{batch:>6} {batch * PROMPT / prefill:>9.1f} {batch * DECODED / decode:>9.1f}")


main()
