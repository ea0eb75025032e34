"""Reads exported logs with Inspect AI's own reader and data frames, and compares them with the run.

    python check.py RUN LOG...

Each LOG is of one arm of RUN. Needs the packages inspect-ai, pandas and pyarrow.
"""

import json
import math
import shutil
import sys
import tempfile
from pathlib import Path

import pandas
import pyarrow.parquet as parquet
from inspect_ai.analysis import EventInfo, EventTiming, ModelEventColumns, evals_df, events_df, messages_df, samples_df
from inspect_ai.log import read_eval_log, read_eval_log_sample_summaries

NAMED = {"episode", "case", "outcome", "reason"}


def same(a, b, within=0.0):
    """Equal numbers, where None and not-a-number are both no value."""
    none = [x is None or math.isnan(x) for x in (a, b)]
    return all(none) if any(none) else math.isclose(a, b, rel_tol=within)


# Numbers of summary.json were read by a parser that may miss the last bit.
LAST_BIT = 1e-15


def parts(run, arm):
    """Folders of the seeds of an arm, in the order of the log."""
    folders = [run] if (run / "events.jsonl").exists() else sorted((run / "arms").iterdir())
    return [f for f in folders if json.loads((f / "manifest.json").read_text())["arm"] == arm]


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def check(run, path):
    log = read_eval_log(path)
    assert log.status == "success" and log.samples, log.status
    assert read_eval_log(path, header_only=True).eval == log.eval
    arm = log.eval.metadata["arm"]
    summary = json.loads((run / "summary.json").read_text())
    assert log.eval.task == summary["scenario"]

    # Aggregated metrics and their intervals.
    metrics = next(a for a in summary["arms"] if a["name"] == arm)["metrics"]
    scores = {score.name: score for score in log.results.scores}
    assert list(scores) == list(metrics)
    for name, metric in metrics.items():
        got = {key: value.value for key, value in scores[name].metrics.items()}
        low, high = metric["ci95"] or (None, None)
        for key, value in [("mean", metric["mean"]), ("sd", metric["sd"]), ("ci95_low", low), ("ci95_high", high)]:
            assert same(got.get(key), value, LAST_BIT), (name, key, got, metric)
        assert scores[name].metadata["n"] == metric["n"]
        assert metric["mean"] is not None or scores[name].metadata["why"], name

    # One sample an episode, every metric a score.
    folders = parts(run, arm)
    rows = [(json.loads((f / "manifest.json").read_text())["seed"], row)
            for f in folders for row in parquet.read_table(f / "episodes.parquet").to_pylist()]
    samples = {(s.metadata["seed"], s.metadata["episode"]): s for s in log.samples}
    assert len(samples) == len(log.samples) == len(rows) == log.results.total_samples
    assert len({(s.id, s.epoch) for s in log.samples}) == len(rows)
    undefined = 0
    for seed, row in rows:
        sample = samples[seed, row["episode"]]
        assert sample.metadata["outcome"] == row["outcome"]
        assert (sample.error is not None) == (row["outcome"] == "failed")
        assert (sample.limit is not None) == (row["outcome"] == "aborted")
        own = set(row) - NAMED
        assert set(sample.scores) - {"checks"} == own
        for name in own:
            score = sample.scores[name]
            assert same(score.value, row[name]), (name, score, row[name])
            assert row[name] is not None or (score.reason and score.explanation)
            undefined += row[name] is None
    summaries = read_eval_log_sample_summaries(path)
    assert {(s.id, s.epoch) for s in summaries} == {(s.id, s.epoch) for s in log.samples}

    # Usage of models.
    calls = [call for f in folders for call in lines(f / "calls.jsonl")]
    tokens = [sum(call[kind] for call in calls) for kind in ("prompt_tokens", "completion_tokens")]
    usage = log.stats.model_usage.values()
    assert tokens == [sum(u.input_tokens for u in usage), sum(u.output_tokens for u in usage)]
    events = [event for sample in log.samples for event in sample.events]
    models = [event for event in events if event.event == "model" and event.role != "transcript"]
    assert len(models) == len(calls)
    assert sum(event.error is not None for event in models) == sum(call["reply"] is None for call in calls)
    logged = sum(len((f / "events.jsonl").read_text().splitlines()) - 1 for f in folders)
    assert sum(event.event in ("info", "tool") for event in events) == logged

    # Data frames, which take .json files by their names alone.
    if path.suffix == ".json":
        path = Path(shutil.copy(path, Path(tempfile.mkdtemp()) / f"1970-01-01T00-00-00_{path.name}"))
    frame = evals_df(path, quiet=True)
    assert len(frame) == 1 and frame["total_samples"][0] == len(rows)
    for name, metric in metrics.items():
        if metric["mean"] is not None:
            assert same(float(frame[f"score_{name}_mean"][0]), metric["mean"], LAST_BIT), name
    frame = samples_df(path, quiet=True)
    assert len(frame) == len(rows)
    by_episode = frame.set_index(["metadata_seed", "metadata_episode"])
    for seed, row in rows:
        for name in set(row) - NAMED:
            column = f"score_{name}"
            value = by_episode[column][seed, row["episode"]] if column in by_episode else None
            value = None if value is None or pandas.isna(value) else float(value)
            assert same(value, row[name]), (name, value, row[name])
    told = [(message.id, message.text) for sample in log.samples for message in sample.messages]
    frame = messages_df(path, quiet=True)
    assert set(told) <= set(zip(frame["message_id"], frame["content"]))
    assert len(events_df(path, EventInfo + EventTiming, quiet=True)) == len(events)
    frame = events_df(path, EventInfo + ModelEventColumns, filter=lambda event: event.event == "model", quiet=True)
    assert len(frame) == len(models) + len(rows)
    print(f"{path.name}: {len(rows)} samples, {len(metrics)} metrics, {undefined} undefined scores with reasons, "
          f"{len(told)} messages, {len(events)} events, {len(calls)} calls: all equal")


run = Path(sys.argv[1])
for path in sys.argv[2:]:
    check(run, Path(path))
