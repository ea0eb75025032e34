//! The vectors of the clinical protocol, played by language policies.
#![expect(
    clippy::print_stdout,
    reason = "the tests say how many cases they read"
)]

use std::path::PathBuf;

use rounds_agents::engine::Outcome;
use rounds_models::ModelRequest;
use rounds_policies::clinic::reading::Fidelity;
use serde_json::{Value, json};

use crate::harness::{Played, RE_ASKS, Visit, data, is_due, proposal};

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
        None => PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tests/golden/dynamicare"
        ))
        .join(file),
    };
    let text = std::fs::read_to_string(path).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

fn counted(file: &str, count: usize) {
    println!("{file}: {count} cases read");
    assert!(count > 0, "{file} holds no case");
}

const MODES: [(&str, Fidelity); 2] = [
    ("strict", Fidelity::Strict),
    ("as_published", Fidelity::AsPublished),
];

/// What the model of `visit_loop` replies.
fn of_script(script: &Value, request: &ModelRequest) -> String {
    let seen = data(request);
    let round = &script["rounds"][(request.key.round.0 as usize).max(1) - 1];
    let name = seen["speciality"].as_str().unwrap_or_default();
    let block = |forced: bool| if forced { &script["forced"] } else { round };
    match &*request.key.purpose {
        "triage" => json!({"RATIONALE": "", "SUGGEST_SPECIALISTS": script["triage"]}).to_string(),
        "coordinate" => {
            let team = &round["central"];
            json!({"ADD": [], "REMOVE": [], "UPDATED_LIST": team, "RATIONALE": ""}).to_string()
        }
        "confidence" => {
            let levels = [
                "very unconfident",
                "somewhat unconfident",
                "neither confident nor unconfident",
                "somewhat confident",
                "very confident",
            ];
            let level = round["solo_confidence"].as_u64().unwrap() as usize;
            format!("DECISION: {}", levels[level - 1])
        }
        "solo" if is_due(request) => proposal("diagnosis", json!([name]), 3.0, ""),
        "solo" => proposal("question", json!(format!("{name} asks")), 3.0, ""),
        "propose" => {
            let forced = is_due(request);
            let what = &block(forced)["proposals"][name];
            let kind = what["type"].as_str().unwrap();
            let content = match kind {
                "question" => json!(format!("{name} asks in round {}", request.key.round)),
                _ => json!([name]),
            };
            let confidence = what["confidence"].as_f64().unwrap();
            proposal(kind, content, confidence, &format!("{forced}:{name}"))
        }
        "vote" => {
            let why = seen["proposal"]["rationale"].as_str().unwrap();
            let (forced, proposer) = why.split_once(':').unwrap();
            let votes = &block(forced == "true")["votes"][proposer];
            votes[name].as_str().unwrap().to_owned()
        }
        other => panic!("unexpected purpose {other}"),
    }
}

/// The steps of a visit in the words of the vectors.
fn steps(played: &Played) -> Vec<String> {
    let mut steps = Vec::new();
    let mut solo = false;
    for event in &played.events {
        let r = &event["r"];
        let agent = event["agent"].as_str().unwrap_or_default();
        let how = match event["consensus"] == true {
            true => "consensus",
            false => "fallback",
        };
        let chosen = match solo {
            true => format!("r{r}:solo"),
            false => format!("r{r}:panel:{agent}:{how}"),
        };
        match event["kind"].as_str().unwrap() {
            "introduced" => steps.push("intro".to_owned()),
            "triaged" => steps.push("triage".to_owned()),
            "confident" => {
                solo = true;
                steps.push(format!("r{r}:confidence"));
            }
            "asked" => steps.push(chosen),
            "answered" => {
                solo = false;
                steps.push(format!("r{r}:answer"));
            }
            "coordinated" => steps.push(format!("r{r}:central")),
            "diagnosed" if event["forced"] == true => steps.push("forced".to_owned()),
            "diagnosed" => steps.extend([chosen, "stop".to_owned()]),
            _ => {}
        }
    }
    steps
}

#[test]
fn golden_visit_loop_of_language_policies() {
    let Some(file) = vectors("visit_loop.json") else {
        return;
    };
    let cases = file["cases"].as_array().unwrap();
    for (number, case) in cases.iter().enumerate() {
        for (name, fidelity) in MODES {
            let (at, expected) = (format!("case {number} {name}"), &case[name]);
            let mut visit = Visit::dynamic(case["max_rounds"].as_u64().unwrap() as u32);
            visit.fidelity = fidelity;
            let script = case["script"].clone();
            let played = visit.play(move |request| of_script(&script, request));
            assert_eq!(played.outcome, Outcome::Done, "{at}");
            assert_eq!(json!(steps(&played)), expected["events"], "{at}");
            let diagnosed = played.last(&["diagnosed"]);
            let status = i32::from(diagnosed["forced"] != true);
            assert_eq!(json!(status), expected["status"], "{at}");
            assert_eq!(diagnosed["agent"], expected["final"]["by"], "{at}");
            assert_eq!(diagnosed["r"], expected["rounds_used"], "{at}");
            let team = &played.last(&["triaged", "coordinated"])["team"];
            assert_eq!(team, &expected["final_team"], "{at}");
            // The introduction is counted, but the record gives it.
            let calls = json!(played.calls.len() + 1);
            assert_eq!(calls, expected["doctor_side_calls_plus_intro"], "{at}");
            assert_eq!(played.of("malformed_reply").count(), 0, "{at}");
        }
    }
    counted("visit_loop.json", cases.len());
}

#[test]
fn golden_panel_votes_of_language_policies() {
    let Some(file) = vectors("panel_votes.json") else {
        return;
    };
    let cases = file["cases"].as_array().unwrap();
    for (number, case) in cases.iter().enumerate() {
        for (name, fidelity) in MODES {
            let (at, expected) = (format!("case {number} {name}"), &case[name]);
            let proposals = case["proposals"].as_array().unwrap().clone();
            let names: Vec<String> = proposals
                .iter()
                .map(|p| p["specialist"].as_str().unwrap().to_owned())
                .collect();
            let team: Vec<&str> = names.iter().map(String::as_str).collect();
            let mut visit = Visit::of_team(&team, 1);
            visit.fidelity = fidelity;
            visit.rules.agree_threshold = case["threshold"].as_f64().unwrap();
            let (votes, members) = (case["votes"].clone(), names.clone());
            let played = visit.play(move |request| {
                let seen = data(request);
                let name = seen["speciality"].as_str().unwrap();
                let member = members.iter().position(|m| m == name).unwrap();
                let is_proposal = request.key.purpose == "propose";
                if is_proposal && is_due(request) {
                    return proposal("diagnosis", json!([name]), 3.0, "forced");
                }
                if is_proposal {
                    let what = &proposals[member];
                    let kind = what["type"].as_str().unwrap();
                    let content = match kind {
                        "question" => json!(format!("{name} asks")),
                        _ => json!([name]),
                    };
                    let confidence = what["confidence"].as_f64().unwrap();
                    return proposal(kind, content, confidence, &member.to_string());
                }
                match seen["proposal"]["rationale"].as_str().unwrap() {
                    "forced" => "AGREE".to_owned(),
                    proposer => {
                        let proposer: usize = proposer.parse().unwrap();
                        votes[proposer][member].as_str().unwrap().to_owned()
                    }
                }
            });
            assert_eq!(played.outcome, Outcome::Done, "{at}");
            let choice = played
                .events
                .iter()
                .position(|e| e["kind"] == "asked" || e["kind"] == "diagnosed")
                .unwrap();
            let chosen = &played.events[choice];
            let index = expected["chosen"].as_u64().unwrap() as usize;
            assert_eq!(chosen["agent"], names[index].as_str(), "{at}");
            assert_eq!(chosen["consensus"], expected["consensus"], "{at}");
            let status = i32::from(chosen["kind"] == "diagnosed");
            assert_eq!(json!(status), expected["status"], "{at}");
            let examined: Vec<Value> = played.events[..choice]
                .iter()
                .filter(|event| event["kind"] == "examined")
                .map(|event| {
                    let candidate = names.iter().position(|n| event["agent"] == n.as_str());
                    let ratio = (event["ratio"].as_f64().unwrap() * 1e6).round() / 1e6;
                    json!({"candidate": candidate, "agree": event["agree"], "ratio": ratio})
                })
                .collect();
            assert_eq!(json!(examined), expected["log"], "{at}");
            // After a question the forced answer follows: the proposals and one round of votes.
            let after = (1 - status) as usize * (2 * names.len() - 1);
            let calls = json!(played.first_tries() - after);
            assert_eq!(calls, expected["calls"], "{at}");
        }
    }
    counted("panel_votes.json", cases.len());
}

#[test]
fn golden_parsing_of_votes_by_language_policies() {
    let Some(file) = vectors("parsing.json") else {
        return;
    };
    let cases = file["votes"].as_array().unwrap();
    for case in cases {
        for (name, fidelity) in MODES {
            let text = case["text"].as_str().unwrap().to_owned();
            let at = format!("{text:?} {name}");
            let mut visit = Visit::of_team(&["Alpha", "Beta"], 1);
            visit.fidelity = fidelity;
            visit.rules.agree_threshold = 1.0;
            let played = visit.play(move |request| match &*request.key.purpose {
                "vote" => text.clone(),
                _ => {
                    let seen = data(request);
                    let first = seen["speciality"] == "Alpha";
                    let confidence = if first { 5.0 } else { 1.0 };
                    proposal("diagnosis", json!(["Gout"]), confidence, "")
                }
            });
            let examined = played.of("examined").next().unwrap();
            assert_eq!(examined["votes"], json!([case[name]]), "{at}");
            let unreadable = played.of("malformed_reply").next();
            assert_eq!(unreadable.is_some(), case[name].is_null(), "{at}");
            if let Some(event) = unreadable {
                assert_eq!(event["replies"], RE_ASKS + 1, "{at}");
                assert_eq!(event["neutral"], true, "{at}");
            }
        }
    }
    counted("parsing.json, votes", cases.len());
}

#[test]
fn golden_parsing_of_confidence_by_language_policies() {
    let Some(file) = vectors("parsing.json") else {
        return;
    };
    let cases = file["confidence"].as_array().unwrap();
    for case in cases {
        for (name, fidelity) in MODES {
            let text = case["text"].as_str().unwrap().to_owned();
            let at = format!("{text:?} {name}");
            let mut visit = Visit::of_team(&["Alpha"], 1);
            visit.fidelity = fidelity;
            let played = visit.play(move |request| match &*request.key.purpose {
                "confidence" => text.clone(),
                _ if is_due(request) => proposal("diagnosis", json!(["Gout"]), 3.0, ""),
                _ => proposal("question", json!("Fever?"), 3.0, ""),
            });
            let confident = played.of("confident").next().unwrap();
            if fidelity == Fidelity::Strict {
                let level = &case["strict_level_1_to_5"];
                assert_eq!(&confident["level"], level, "{at}");
            }
            let at_once = json!(played.last(&["diagnosed"])["forced"] == false);
            assert_eq!(at_once, case[format!("{name}_diagnose")], "{at}");
        }
    }
    counted("parsing.json, confidence", cases.len());
}

#[test]
fn golden_parsing_of_objects_by_language_policies() {
    let Some(file) = vectors("parsing.json") else {
        return;
    };
    let cases = file["json_extract"].as_array().unwrap();
    for case in cases {
        // The keys of triage in place of the invented ones.
        let named = |text: &str| {
            let text = text.replace("\"A\"", "\"RATIONALE\"");
            text.replace("\"B\"", "\"SUGGEST_SPECIALISTS\"")
        };
        let text = named(case["text"].as_str().unwrap());
        let mut visit = Visit::dynamic(0);
        visit.rules.triage = 1;
        let reply = text.clone();
        let played = visit.play(move |request| match &*request.key.purpose {
            "triage" => reply.clone(),
            _ => proposal("diagnosis", json!(["Gout"]), 3.0, ""),
        });
        assert_eq!(played.outcome, Outcome::Done, "{text}");
        // The invented values name no speciality: what is read as an object lacks a name.
        let event = played.of("malformed_reply").next().unwrap();
        let why = event["why"].as_str().unwrap();
        let told = match case["result"]["error"].as_str() {
            None => "expected at least one name",
            Some("missing") => "which are missing",
            Some("not_object") => "another kind",
            Some("decode") => match why.contains("cut off") {
                true => "cut off",
                false => "no JSON",
            },
            Some(other) => panic!("unexpected result {other}"),
        };
        assert!(why.contains(told), "{text}: {why}");
        for key in case["result"]["keys"].as_array().into_iter().flatten() {
            let key = named(&key.to_string());
            assert!(why.contains(key.trim_matches('"')), "{text}: {why}");
        }
        let team = &played.of("triaged").next().unwrap()["team"];
        assert_eq!(team, &json!(["Internal medicine"]), "the neutral team");
    }
    counted("parsing.json, json_extract", cases.len());
}
