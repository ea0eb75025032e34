#!/usr/bin/env bash
# Visits through a server of somebody else's: `transformers serve` over a tiny model with random weights, whose replies are
# no JSON. Every visit must be accounted for, and what cannot be read counted. Arguments: the program, a folder with
# config.json, model.safetensors, tokenizer.json and tokenizer_config.json, and where the run is left.
set -euo pipefail
rounds=$1 model=$(realpath "$2") out=$3
port=${PORT:-8765}
url=http://127.0.0.1:$port/v1

HF_HUB_OFFLINE=1 transformers serve --host 127.0.0.1 --port "$port" "$model" >"$out.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
for _ in $(seq 180); do
    if python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)" 2>/dev/null; then break; fi
    if ! kill -0 $server 2>/dev/null; then cat "$out.log"; exit 1; fi
    sleep 1
done

"$rounds" run scenarios/ward-language.toml --model "$url#$model" --episodes 6 --quiet --out "$out" \
    --set limits.rounds=2 --set policies.speaker.max_tokens=24 --set models.clinician.concurrency=4
python3 - "$out" <<'PYTHON'
import json, sys
left = json.load(open(sys.argv[1] + "/summary.json"))
episodes, calls = left["episodes"], left["calls"]
assert episodes["done"] + episodes["failed"] + episodes["aborted"] == episodes["asked"] == 6, episodes
assert calls["prompt_tokens"] > 0 and calls["completion_tokens"] > 0, calls
malformed = left["arms"][0]["metrics"]["malformed"]
assert malformed["mean"] is None or malformed["mean"] > 0, malformed
print(episodes, calls, "malformed a visit:", malformed["mean"])
PYTHON
