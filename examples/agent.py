import json, math, sys  # Plays the ward by Bayes' rule. Research software, not for clinical use.
hello = json.loads(sys.stdin.readline())
place = {finding["id"]: e for e, finding in enumerate(hello["findings"])}
def decide(ask):
    known = [(place[id], yes) for id, yes in ask["known"].items() if yes is not None]
    weigh = lambda c: c["prior"] * math.prod(c["present"][e] if yes else 1 - c["present"][e] for e, yes in known)
    weights = sorted(((weigh(c), c["name"], c) for c in hello["conditions"]), key=lambda w: -w[0])
    top = [(w / sum(w for w, _, _ in weights), name, c) for w, name, c in weights[:10]]
    answer = {"confidence": 5 if top[0][0] > 0.9 else 1, "vote": True, "team": ask["team"] or [top[0][2]["speciality"]]}
    if "ask" not in ask["want"] or (top[0][0] > 0.9 and "diagnose" in ask["want"]):
        return answer | {"diagnose": [{"name": name, "p": p} for p, name, _ in top]}
    spread = lambda e: sum(p * c["present"][e] ** 2 for p, _, c in top) - sum(p * c["present"][e] for p, _, c in top) ** 2
    return answer | {"ask": max((id for id in place if id not in ask["known"]), key=lambda id: spread(place[id]))}
for batch in map(json.loads, sys.stdin):
    print(json.dumps({"batch": batch["batch"], "decisions": [decide(ask) for ask in batch["asks"]]}), flush=True)
