//! Golden vectors of the clinic's decisions.
#![expect(
    clippy::print_stdout,
    reason = "the tests say how many cases they read"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rounds_environments::clinic::knowledge::FindingIx;
use rounds_policies::clinic::belief::{Objective, Scope, entropy_bits};
use rounds_policies::clinic::panel::Panel;
use rounds_policies::clinic::reading::{
    Fidelity, ReadError, extract_object, read_level, read_vote,
};
use rounds_policies::clinic::task::{Content, Proposal};
use serde_json::Value;

/// The vectors of one file; `None` when an outside folder lacks it.
fn vectors(file: &str) -> Option<Value> {
    let path = match std::env::var_os("ROUNDS_GOLDEN") {
        Some(root) => {
            let path = PathBuf::from(root).join("dynamicare").join(file);
            if !path.exists() {
                println!("skipped: {} is missing", path.display());
                return None;
            }
            path
        }
        None => Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tests/golden/dynamicare"
        ))
        .join(file),
    };
    Some(read(&path))
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).expect("vectors can be read");
    serde_json::from_str(&text).expect("vectors are JSON")
}

fn list<'a>(value: &'a Value, key: &str) -> &'a Vec<Value> {
    value[key].as_array().expect("an array")
}

fn reals(value: &Value) -> Vec<f64> {
    let values = value.as_array().expect("an array");
    values
        .iter()
        .map(|v| v.as_f64().expect("a number"))
        .collect()
}

fn close(a: f64, b: f64, what: &str) {
    assert!((a - b).abs() <= 1e-8, "{what}: expected {b}, got {a}");
}

fn counted(file: &str, count: usize) {
    println!("{file}: {count} cases read");
    assert!(count > 0, "{file} holds no case");
}

#[test]
fn golden_bayes_small() {
    let Some(file) = vectors("bayes.json") else {
        return;
    };
    for case in list(&file, "small") {
        let theta: Vec<Vec<f64>> = list(case, "p_present").iter().map(reals).collect();
        let prior = reals(&case["prior"]);
        let scope = Scope::from_table(&prior, &theta, &reals(&case["cost"])).unwrap();
        let mut closed = vec![false; scope.finding_count()];
        let mut answers = Vec::new();
        for (e, answer) in case["observed"].as_object().unwrap() {
            let e: u32 = e.parse().unwrap();
            closed[e as usize] = true;
            answers.push((FindingIx(e), answer.as_i64().map(|a| a == 1)));
        }
        let posterior = scope.posterior(answers);
        for (got, expected) in posterior.iter().zip(reals(&case["posterior"])) {
            close(*got, expected, "posterior");
        }
        let entropy = case["entropy_bits"].as_f64().unwrap();
        close(entropy_bits(&posterior), entropy, "entropy");
        let mut gains = Vec::new();
        scope.gains(&posterior, &mut gains);
        let expected = reals(&case["info_gain_bits"]);
        assert_eq!(gains.len(), expected.len());
        let p_yes = reals(&case["p_yes"]);
        for (e, (got, expected)) in gains.iter().zip(expected).enumerate() {
            close(*got, expected, "gain");
            let p = scope.p_yes(&posterior, FindingIx(e as u32)).unwrap();
            close(p, p_yes[e], "p_yes");
        }
        for (objective, key) in [
            (Objective::Gain, "best_by_gain"),
            (Objective::GainPerCost, "best_by_gain_per_cost"),
        ] {
            let best = scope.best_question(&posterior, &closed, objective);
            let best = best.map(|(e, _)| u64::from(e.0));
            assert_eq!(best, case[key].as_u64(), "{key}");
        }
    }
    counted("bayes.json, small", list(&file, "small").len());
}

#[test]
fn golden_bayes_ddxplus() {
    let Some(file) = vectors("bayes.json") else {
        return;
    };
    let shared = std::env::var_os("ROUNDS_SHARED_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let path = shared.join("ddxplus/kb_binary_rates.json");
    if !path.exists() {
        println!("skipped: {} is missing", path.display());
        return;
    }
    let kb = read(&path);
    let ids: Vec<&str> = list(&kb, "binary_evidence")
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect();
    let counts = kb["prior_counts"].as_object().unwrap();
    let names: Vec<&String> = counts.keys().collect();
    let prior: Vec<f64> = counts.values().map(|v| v.as_f64().unwrap()).collect();
    let theta: Vec<Vec<f64>> = names
        .iter()
        .map(|name| {
            let n = kb["likelihood_sample_size"][name.as_str()]
                .as_f64()
                .unwrap();
            let smooth = |id: &&str| {
                let rate = kb["p_present"][name.as_str()][*id].as_f64().unwrap_or(0.0);
                ((n * rate + 0.5) / (n + 1.0)).clamp(0.005, 0.995)
            };
            ids.iter().map(smooth).collect()
        })
        .collect();
    let scope = Scope::from_table(&prior, &theta, &vec![1.0; ids.len()]).unwrap();
    let find = |id: &str| ids.iter().position(|other| *other == id).unwrap();
    let cases = list(&file["ddxplus"], "cases");
    for case in cases {
        let mut closed = vec![false; ids.len()];
        let mut answers = Vec::new();
        for (id, answer) in case["observed"].as_object().unwrap() {
            closed[find(id)] = true;
            let answer = answer.as_i64().map(|a| a == 1);
            answers.push((FindingIx(find(id) as u32), answer));
        }
        let posterior = scope.posterior(answers);
        for top in list(case, "top5") {
            let d = names
                .iter()
                .position(|n| Some(n.as_str()) == top["condition"].as_str());
            close(posterior[d.unwrap()], top["p"].as_f64().unwrap(), "top5");
        }
        let entropy = case["entropy_bits"].as_f64().unwrap();
        close(entropy_bits(&posterior), entropy, "entropy");
        for question in list(case, "top5_questions") {
            let (e, gain) = scope
                .best_question(&posterior, &closed, Objective::Gain)
                .unwrap();
            assert_eq!(Some(ids[e.index()]), question["evidence"].as_str());
            close(gain, question["gain_bits"].as_f64().unwrap(), "gain");
            closed[e.index()] = true;
        }
    }
    counted("bayes.json, ddxplus", cases.len());
}

#[test]
fn golden_panel_votes() {
    let Some(file) = vectors("panel_votes.json") else {
        return;
    };
    for case in list(&file, "cases") {
        for (fidelity, key) in [
            (Fidelity::AsPublished, "as_published"),
            (Fidelity::Strict, "strict"),
        ] {
            let expected = &case[key];
            let proposals = list(case, "proposals")
                .iter()
                .map(|p| {
                    Some(Arc::new(Proposal {
                        content: Content::Diagnoses(Vec::new()),
                        confidence: p["confidence"].as_f64().unwrap(),
                        rationale: "".into(),
                    }))
                })
                .collect();
            let mut panel = Panel::new(proposals, case["threshold"].as_f64().unwrap()).unwrap();
            while let Some(candidate) = panel.candidate() {
                let votes: Vec<Option<bool>> = panel
                    .voters()
                    .into_iter()
                    .map(|j| read_vote(case["votes"][candidate][j].as_str().unwrap(), fidelity))
                    .collect();
                panel.vote(&votes).unwrap();
            }
            let outcome = panel.outcome().unwrap();
            let chosen = outcome.chosen.unwrap();
            assert_eq!(Some(chosen as u64), expected["chosen"].as_u64());
            assert_eq!(Some(outcome.consensus), expected["consensus"].as_bool());
            assert_eq!(Some(outcome.calls as u64), expected["calls"].as_u64());
            let diagnosis = case["proposals"][chosen]["type"] == "diagnosis";
            assert_eq!(Some(u64::from(diagnosis)), expected["status"].as_u64());
            let log = list(expected, "log");
            assert_eq!(outcome.tallies.len(), log.len());
            for (tally, line) in outcome.tallies.iter().zip(log) {
                assert_eq!(Some(tally.candidate as u64), line["candidate"].as_u64());
                assert_eq!(Some(tally.agree as u64), line["agree"].as_u64());
                let ratio = (tally.ratio * 1e6).round() / 1e6;
                close(ratio, line["ratio"].as_f64().unwrap(), "ratio");
            }
        }
    }
    counted("panel_votes.json", list(&file, "cases").len());
}

#[test]
fn golden_parsing() {
    let Some(file) = vectors("parsing.json") else {
        return;
    };
    for case in list(&file, "votes") {
        let text = case["text"].as_str().unwrap();
        let published = read_vote(text, Fidelity::AsPublished);
        assert_eq!(published, case["as_published"].as_bool(), "{text}");
        let strict = read_vote(text, Fidelity::Strict);
        assert_eq!(strict, case["strict"].as_bool(), "{text}");
    }
    for case in list(&file, "confidence") {
        let text = case["text"].as_str().unwrap();
        let strict = read_level(text, Fidelity::Strict);
        let expected = case["strict_level_1_to_5"].as_u64();
        assert_eq!(strict.map(u64::from), expected, "{text}");
        let diagnose = strict.is_some_and(|level| level >= 4);
        assert_eq!(Some(diagnose), case["strict_diagnose"].as_bool(), "{text}");
        let published = read_level(text, Fidelity::AsPublished).is_some_and(|level| level >= 4);
        let expected = case["as_published_diagnose"].as_bool();
        assert_eq!(Some(published), expected, "{text}");
    }
    for case in list(&file, "json_extract") {
        let required: Vec<&str> = list(case, "required")
            .iter()
            .map(|key| key.as_str().unwrap())
            .collect();
        let got = match extract_object(case["text"].as_str().unwrap(), &required) {
            Ok(object) => serde_json::json!({ "ok": object }),
            Err(ReadError::Missing(keys)) => {
                serde_json::json!({ "error": "missing", "keys": keys })
            }
            Err(ReadError::NotObject) => serde_json::json!({ "error": "not_object" }),
            Err(_) => serde_json::json!({ "error": "decode" }),
        };
        assert_eq!(got, case["result"], "{}", case["text"]);
    }
    for part in ["votes", "confidence", "json_extract"] {
        counted(&format!("parsing.json, {part}"), list(&file, part).len());
    }
}
