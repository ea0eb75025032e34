"""A model of `rounds train` read by transformers, and its adapters by PEFT.

    python tests/local/trained_model.py ROUNDS MODEL
        asks MODEL (a folder) some prompts by `ROUNDS generate`, greedy and drawn, reads the same folder by
        transformers, and compares prompts (rendered and encoded by its tokenizer) and the
        log-probability of every token of the replies.

    python tests/local/trained_model.py ROUNDS MERGED BASE ADAPTER
        the same with the model at BASE and the adapter of a LoRA training, beside the merged model.

Needs torch and transformers 5, for adapters peft.
"""

import json
import subprocess
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

TOLERANCE = 2e-4
PROMPTS = [
    "I have come because of this: joint pain.\nWhich specialists?",
    "My chest hurts, and I cough since Monday.",
    "I have come because of this: fever.\nDo you cough? yes\nDiagnoses, Cardiology?",
]


def replies(rounds, model, prompt, more):
    command = [rounds, "generate", "--model", model, "--prompt", prompt, "--json", "--quiet", "--max-tokens", "48"]
    done = subprocess.run(command + more, check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def main():
    rounds, folder, *adapted = sys.argv[1:]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if adapted:
        from peft import PeftModel

        base, adapter = adapted
        model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        model = PeftModel.from_pretrained(model, adapter)
    else:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model.eval()
    worst, count = 0.0, 0
    for prompt in PROMPTS:
        message = [{"role": "user", "content": prompt}]
        encoded = tokenizer.apply_chat_template(message, add_generation_prompt=True, return_dict=True)
        ids = list(encoded["input_ids"])
        for more in ([], ["--temperature", "1", "--replies", "4", "--seed", "3"]):
            for reply in replies(rounds, folder, prompt, more):
                if reply["prompt_tokens"] != len(ids):
                    here = reply["prompt_tokens"]
                    sys.exit(f"prompt of {len(ids)} tokens there, of {here} here")
                tokens = [token["id"] for token in reply["tokens"]]
                with torch.no_grad():
                    logits = model(torch.tensor([ids + tokens])).logits[0, len(ids) - 1 : -1]
                theirs = torch.log_softmax(logits.double(), -1)
                greedy = logits.argmax(-1).tolist()
                for at, token in enumerate(reply["tokens"]):
                    worst = max(worst, abs(theirs[at, token["id"]].item() - token["logprob"]))
                    count += 1
                    if not more and greedy[at] != token["id"]:
                        sys.exit(f"token {at}: {greedy[at]} there, {token['id']} here")
    print(f"{count} tokens: log-probabilities differ by at most {worst:.2e}")
    if worst > TOLERANCE:
        sys.exit(f"more than {TOLERANCE}")


main()
