//! `rounds export --to inspect`, by the real binary. What Inspect's own reader makes of the logs is
//! seen by `tests/inspect/check.py`.
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

mod bad_input;

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// Visits whose doctor is a script: the second ends in an error, the third is cut by its cost.
const SPOKEN: &str = r#"schema = "rounds.scenario/1"
name = "spoken"
seed = 7
episodes = 4
[environment]
kind = "clinic"
patients = { knowledge = "builtin" }
[agents.team]
policy = "speaker"
[policies.speaker]
kind = "language"
model = "clinician"
[models.clinician]
kind = "scripted"
script = "script.toml"
[limits]
rounds = 4
cost = 0.5
"#;

const SCRIPT: &str = r#"name = "clinician"
[[rules]]
episode = 1
error = "the script is torn, said Streptococcal"
[[rules]]
purpose = "triage"
reply = '{"RATIONALE":"r","SUGGEST_SPECIALISTS":["Rheumatology"]}'
[[rules]]
purpose = "confidence"
episode = 2
reply = "DECISION: somewhat unconfident"
[[rules]]
purpose = "confidence"
reply = "DECISION: very confident"
[[rules]]
purpose = "solo"
episode = 2
reply = '{"RESPONSE_TYPE":"question","RESPONSE_CONTENT":"Are your joints swollen?","CONFIDENCE":3,"RATIONALE":"r"}'
[[rules]]
reply = '{"RESPONSE_TYPE":"diagnosis","RESPONSE_CONTENT":["Gout","Migraine"],"CONFIDENCE":5,"RATIONALE":"r"}'
"#;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::write(place.path("spoken.toml"), SPOKEN).unwrap();
        fs::write(place.path("script.toml"), SCRIPT).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn rounds(&self, arguments: &str) -> (Option<i32>, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_rounds"))
            .current_dir(self.0.path())
            .args(arguments.split_whitespace())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    }

    #[track_caller]
    fn works(&self, arguments: &str) -> String {
        let (code, out, errors) = self.rounds(arguments);
        assert_eq!(code, Some(0), "{arguments}\n{errors}");
        out
    }

    #[track_caller]
    fn refused(&self, arguments: &str, words: &[&str]) {
        let (code, out, errors) = self.rounds(arguments);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments}\n{errors}");
        for word in words {
            assert!(errors.contains(word), "{arguments}: {word:?} in\n{errors}");
        }
    }

    /// The log that the JSON file is.
    fn log(&self, name: &str) -> Value {
        whole(&fs::read_to_string(self.path(name)).unwrap())
    }

    fn edit(&self, run: &str, change: impl FnOnce(&mut Value)) {
        let path = self.path(run).join("manifest.json");
        let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(&mut manifest);
        fs::write(path, manifest.to_string()).unwrap();
    }

    /// Names of the files of a folder.
    fn files(&self, folder: &str) -> BTreeSet<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

/// Reads JSON that holds the constant of an undefined score, which becomes null.
fn whole(text: &str) -> Value {
    serde_json::from_str(&text.replace("{\"value\":NaN", "{\"value\":null")).unwrap()
}

/// The members of a ZIP by name, in their order.
fn members(path: &Path) -> Vec<(String, String)> {
    let mut zip = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    let read = (0..zip.len()).map(|at| {
        let mut member = zip.by_index(at).unwrap();
        let mut text = String::new();
        member.read_to_string(&mut text).unwrap();
        (member.name().unwrap().into_owned(), text)
    });
    read.collect()
}

fn shipped(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    path.to_str().unwrap().to_owned()
}

fn events<'a>(sample: &'a Value, kind: &str) -> Vec<&'a Value> {
    let events = sample["events"].as_array().unwrap().iter();
    events.filter(|event| event["event"] == kind).collect()
}

#[test]
fn every_episode_is_a_sample_and_how_it_ended_is_seen() {
    let place = Place::new();
    place.works("run spoken.toml --quiet --out run");
    let said = place.works("export latest --to inspect --out log.json");
    assert!(said.contains("4 samples") && said.contains("not for clinical use"));
    let log = place.log("log.json");
    let keys: Vec<&String> = log.as_object().unwrap().keys().collect();
    let expected = [
        "version", "status", "eval", "plan", "results", "stats", "samples",
    ];
    assert_eq!(keys, expected, "the reader needs this order");
    assert_eq!(log["eval"]["model"], "clinician");
    assert_eq!(
        log["eval"]["metadata"]["notice"],
        "Research software, not for clinical use."
    );
    let samples = log["samples"].as_array().unwrap();
    assert_eq!(samples.len(), 4);
    let [done, failed, aborted, _] = samples.as_slice() else {
        panic!("four samples")
    };
    assert!(done["error"].is_null() && done["limit"].is_null());
    assert_eq!(done["messages"][0]["role"], "user");
    assert_eq!(
        done["messages"][1]["content"],
        "I diagnose: Gout, Migraine."
    );
    assert_eq!(done["target"][0], "Streptococcal tonsillitis");
    assert_eq!(done["metadata"]["status"], "missed");
    assert_eq!(done["metadata"]["team"][0], "Rheumatology");

    assert_eq!(failed["metadata"]["outcome"], "failed");
    let message = failed["error"]["message"].as_str().unwrap();
    assert!(message.contains("the script is torn"), "{message}");
    assert_eq!(events(failed, "error").len(), 1);
    assert!(events(failed, "model")[0]["error"].is_string(), "{failed}");
    let hit = &failed["scores"]["hit@1"];
    assert!(hit["value"].is_null());
    assert_eq!(hit["reason"], "episode_failed");

    assert_eq!(aborted["metadata"]["outcome"], "aborted");
    assert_eq!(aborted["limit"]["type"], "cost");
    assert_eq!(events(aborted, "sample_limit").len(), 1);
    assert_eq!(aborted["scores"]["hit@1"]["reason"], "episode_aborted");

    // Calls, tokens and events are those of the run.
    let run = place.path("run");
    let text = fs::read_to_string(run.join("calls.jsonl")).unwrap();
    let calls: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let models: usize = samples.iter().map(|s| events(s, "model").len()).sum();
    assert_eq!(models, calls.len() + samples.len(), "and a transcript each");
    let tokens: u64 = calls
        .iter()
        .map(|c| c["prompt_tokens"].as_u64().unwrap())
        .sum();
    let usage = &log["stats"]["model_usage"]["clinician"];
    assert_eq!(usage["input_tokens"], tokens);
    let asked: BTreeSet<&str> = calls
        .iter()
        .map(|c| c["purpose"].as_str().unwrap())
        .collect();
    let roles = log["stats"]["role_usage"].as_object().unwrap();
    assert_eq!(
        roles.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        asked
    );
    let lines = fs::read_to_string(run.join("events.jsonl")).unwrap();
    let told: usize = samples.iter().map(|s| events(s, "info").len()).sum();
    assert_eq!(told, lines.lines().count() - 1);

    // Metrics with their intervals are those of the summary.
    let summary: Value =
        serde_json::from_slice(&fs::read(run.join("summary.json")).unwrap()).unwrap();
    let metrics = summary["arms"][0]["metrics"].as_object().unwrap();
    let scores = log["results"]["scores"].as_array().unwrap();
    assert_eq!(scores.len(), metrics.len());
    for ((name, metric), score) in metrics.iter().zip(scores) {
        assert_eq!(score["name"], name.as_str());
        assert_eq!(score["metrics"]["mean"]["value"], metric["mean"], "{name}");
        assert_eq!(
            score["metrics"]["ci95_high"]["value"], metric["ci95"][1],
            "{name}"
        );
        assert_eq!(score["metadata"]["why"], metric["why"], "{name}");
    }
}

#[test]
fn both_formats_say_the_same_and_the_same_run_gives_the_same_bytes() {
    let place = Place::new();
    place.works("run spoken.toml --quiet --out run");
    for name in ["a", "b"] {
        place.works(&format!("export run --to inspect --out {name}.eval"));
        place.works(&format!("export run --to inspect --out {name}.json"));
    }
    for kind in ["eval", "json"] {
        let [a, b] =
            ["a", "b"].map(|name| fs::read(place.path(&format!("{name}.{kind}"))).unwrap());
        assert!(a == b, "{kind}");
    }
    let log = place.log("a.json");
    let members = members(&place.path("a.eval"));
    let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "_journal/start.json",
        "samples/kb:0_epoch_1.json",
        "samples/kb:1_epoch_1.json",
        "samples/kb:2_epoch_1.json",
        "samples/kb:3_epoch_1.json",
        "summaries.json",
        "header.json",
    ];
    assert_eq!(names, expected);
    let member = |at: usize| whole(&members[at].1);
    for at in 0..4 {
        assert_eq!(member(1 + at), log["samples"][at]);
        let (brief, full) = (&member(5)[at], &log["samples"][at]);
        for key in [
            "id", "epoch", "input", "target", "scores", "metadata", "uuid",
        ] {
            assert_eq!(brief[key], full[key], "{key}");
        }
        assert_eq!(brief["error"].is_null(), full["error"].is_null());
        assert_eq!(brief["limit"], full["limit"]["type"]);
    }
    let header = member(6);
    for key in ["eval", "results", "stats", "status"] {
        assert_eq!(header[key], log[key], "{key}");
    }
    // No other files are left.
    let expected = ["a.eval", "a.json", "b.eval", "b.json"];
    let logs = place.files("").into_iter();
    let logs: Vec<String> = logs.filter(|name| name.len() == 6).collect();
    assert_eq!(logs, expected);
    assert!(place.files("").iter().all(|name| !name.contains("writing")));
}

#[test]
fn arms_are_logs_repeats_are_epochs_and_checks_are_scores() {
    let place = Place::new();
    place.works(&format!(
        "evaluate {} --quiet --out suite",
        shipped("evaluations/suite.toml")
    ));
    place.works("export suite --to inspect");
    let logs: Vec<String> = place.files("suite/inspect").into_iter().collect();
    assert_eq!(logs, ["00-team.eval", "01-generalist.eval"]);
    place.works("export suite --to inspect --arm generalist --out one.json");
    let log = place.log("one.json");
    assert_eq!(log["eval"]["metadata"]["arm"], "generalist");
    let samples = log["samples"].as_array().unwrap();
    assert_eq!(samples.len(), 135);
    assert_eq!(log["eval"]["config"]["epochs"], 5);
    assert_eq!(log["eval"]["dataset"]["samples"], 27);
    assert_eq!(samples[4]["id"], "appendicitis");
    assert_eq!(samples[4]["epoch"], 5);
    let text = fs::read_to_string(place.path("suite/evaluation.jsonl")).unwrap();
    let mut lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let line: Value = lines
        .find(|line: &Value| line["arm"] == "generalist" && line["episode"] == 4)
        .unwrap();
    let score = &samples[4]["scores"]["checks"];
    assert_eq!(score["metadata"]["checks"], line["checks"]);
    let first = &line["checks"][0];
    assert_eq!(score["value"][first["id"].as_str().unwrap()], first["met"]);
}

#[test]
fn coordination_and_several_seeds_of_it_are_one_log_an_arm() {
    let place = Place::new();
    place.works(&format!(
        "bench {} --seeds 1..3 --episodes 2 --set limits.rounds=20 --quiet --out bench",
        shipped("tracking.toml")
    ));
    place.works("export bench --to inspect --arm ma-spl --out log.json");
    let log = place.log("log.json");
    let samples = log["samples"].as_array().unwrap();
    let ids: Vec<&str> = samples.iter().map(|s| s["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 4);
    assert!(ids[0].starts_with("seed 1, complete") && ids[2].starts_with("seed 2, complete"));
    let input = samples[0]["input"].as_str().unwrap();
    assert!(input.contains("agents: 10"), "{input}");
    let other = &samples[0]["scores"]["utility[erdos-renyi 4:5:1]"];
    assert_eq!(other["reason"], "other_part");
    assert_eq!(samples[0]["messages"][0]["content"], input);
    let comparisons = log["results"]["metadata"]["comparisons"]
        .as_array()
        .unwrap();
    let of_arm = |c: &Value| c["a"] == "ma-spl" || c["b"] == "ma-spl";
    assert!(!comparisons.is_empty() && comparisons.iter().all(of_arm));
}
