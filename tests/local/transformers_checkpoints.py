"""Tiny checkpoints exchanged with transformers, both ways.

    python tests/local/transformers_checkpoints.py write DIR
        writes DIR/theirs/NAME/ (a checkpoint as save_pretrained writes it, and expected.json with
        logits) for architectures and options that have no golden vectors.

    ROUNDS_CHECKPOINTS=DIR cargo test --release -p rounds-models --features local --test transformer outside
        loads those, compares the logits, and writes DIR/ours/NAME/ (a checkpoint as we save it, and
        expected.json) for all of our test variants.

    python tests/local/transformers_checkpoints.py check DIR
        loads DIR/ours/NAME/ by transformers and compares the logits.

Needs torch and transformers 5. All models are random, float32, on one CPU thread.
"""

import json
import pathlib
import sys

import torch
import transformers
from transformers import AutoModelForCausalLM

TOLERANCE = 2e-4
ROWS = [[3, 17, 9, 41, 22, 5, 60, 33, 8, 1, 47, 12, 30, 2, 55], [6, 28, 19, 44, 51]]
SIZES = dict(
    vocab_size=64,
    hidden_size=32,
    intermediate_size=40,
    num_hidden_layers=3,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=128,
    bos_token_id=1,
    eos_token_id=2,
    pad_token_id=0,
)


def rope(kind, **more):
    return dict(rope_type=kind, rope_theta=10000.0, **more)


CASES = {
    "smollm": ("Llama", dict(num_attention_heads=8, num_key_value_heads=4, tie_word_embeddings=True)),
    "llama_bias": ("Llama", dict(attention_bias=True, head_dim=12)),
    "llama_linear": ("Llama", dict(rope_parameters=rope("linear", factor=4.0))),
    "llama3": (
        "Llama",
        dict(
            rope_parameters=rope(
                "llama3",
                factor=8.0,
                low_freq_factor=1.0,
                high_freq_factor=4.0,
                original_max_position_embeddings=32,
            )
        ),
    ),
    "llama_bidirectional": ("Llama", dict(is_causal=False)),
    "llama_many_eos": ("Llama", dict(eos_token_id=[2, 3])),
    "mistral": ("Mistral", dict(sliding_window=None)),
    "mistral_window": ("Mistral", dict(sliding_window=4, head_dim=16)),
    "qwen2": ("Qwen2", dict(tie_word_embeddings=False)),
    "qwen2_window": (
        "Qwen2",
        dict(use_sliding_window=True, sliding_window=4, max_window_layers=1, tie_word_embeddings=True),
    ),
    "qwen3": ("Qwen3", dict(head_dim=16, tie_word_embeddings=False)),
    "qwen3_bias_window": (
        "Qwen3",
        dict(
            head_dim=8,
            attention_bias=True,
            use_sliding_window=True,
            sliding_window=3,
            max_window_layers=2,
        ),
    ),
    "gemma": ("Gemma", dict(head_dim=16)),
    "gemma2": ("Gemma2", dict(head_dim=16, query_pre_attn_scalar=24, sliding_window=4)),
    "gemma2_plain": (
        "Gemma2",
        dict(
            head_dim=8,
            query_pre_attn_scalar=8,
            attn_logit_softcapping=None,
            final_logit_softcapping=None,
            sliding_window=128,
        ),
    ),
    "phi3": ("Phi3", dict(sliding_window=None)),
    "phi3_window": ("Phi3", dict(sliding_window=5, tie_word_embeddings=True)),
    "phi3_partial": ("Phi3", dict(rope_parameters=rope("default", partial_rotary_factor=0.5))),
}


def logits_of(model, row):
    with torch.no_grad():
        return model(input_ids=torch.tensor([row]), use_cache=False).logits[0]


def write(folder):
    for seed, (name, (family, options)) in enumerate(CASES.items()):
        torch.manual_seed(seed)
        config = getattr(transformers, f"{family}Config")(**{**SIZES, **options})
        model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").float().eval()
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.dim() == 1:
                    parameter.add_(0.2 * torch.randn_like(parameter))
                else:
                    parameter.copy_(0.25 * torch.randn_like(parameter))
        target = folder / "theirs" / name
        model.save_pretrained(target)
        logits = [logits_of(model, row).flatten().tolist() for row in ROWS]
        (target / "expected.json").write_text(json.dumps({"rows": ROWS, "logits": logits}))
        print(f"{name}: {sum(p.numel() for p in model.parameters())} parameters")


def check(folder):
    worst = 0.0
    names = sorted(path for path in (folder / "ours").iterdir() if path.is_dir())
    for path in names:
        model, info = AutoModelForCausalLM.from_pretrained(
            path, attn_implementation="eager", dtype=torch.float32, output_loading_info=True
        )
        model.eval()
        for key in ["missing_keys", "unexpected_keys", "mismatched_keys"]:
            if info[key]:
                sys.exit(f"{path.name}: {key}: {info[key]}")
        expected = json.loads((path / "expected.json").read_text())
        for row, logits in zip(expected["rows"], expected["logits"]):
            found = logits_of(model, row).flatten()
            difference = (found - torch.tensor(logits)).abs().max().item()
            worst = max(worst, difference)
            if difference > TOLERANCE:
                sys.exit(f"{path.name}: logits differ by {difference}")
        print(f"{path.name}: {type(model).__name__} agrees")
    print(f"{len(names)} checkpoints, logits differ by at most {worst:.2e}")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("write", "check"):
        sys.exit(__doc__)
    torch.set_num_threads(1)
    {"write": write, "check": check}[sys.argv[1]](pathlib.Path(sys.argv[2]))
