use std::sync::{Arc, Mutex};

use rounds_environments::clinic::knowledge::Knowledge;
use rounds_models::{Delay, FnModel, LanguageModel, ModelRequest, ModelServer, ServerOptions};
use rounds_policies::language::{Choices, LanguageOptions, LanguagePlayer};
use serde_json::{Value, json};

use super::*;
use crate::coordination::{Asked, Choosing};

fn told(request: &ModelRequest) -> Value {
    let told: Value = serde_json::from_str(&request.messages[1].content).unwrap();
    told["situation"].clone()
}

/// The most urgent bed that is neither empty nor done, spread over the specialists.
fn urgent(request: &ModelRequest) -> String {
    let told = told(request);
    let mut open: Vec<&Value> = told["beds"].as_array().unwrap().iter().collect();
    open.retain(|bed| bed["complaint"].is_string());
    open.sort_by_key(|bed| (bed["acuity"].as_u64(), bed["bed"].as_u64()));
    let at = request.key.agent.index() % open.len().max(1);
    let bed = open.get(at).map_or(Value::Null, |bed| bed["bed"].clone());
    json!({"action": bed}).to_string()
}

fn day(model: Arc<dyn LanguageModel>, in_flight: usize) -> Vec<FinishedEpisode> {
    let config = DayConfig {
        day_minutes: 120.0,
        warm_up_minutes: 0.0,
        restricted_to_minutes: 60.0,
        staff: 4,
        beds: 5,
        ..DayConfig::default()
    };
    let server = ModelServer::start(model, ServerOptions::default());
    let player = LanguagePlayer::new(Choices, LanguageOptions::default());
    let asked = Asked {
        decider: player.decider(Arc::new(server)),
        history: 2,
    };
    let plugin = ClinicDayPlugin {
        choosing: Choosing::Asked(asked),
        ..plugin(vec![plan(config)], "rota")
    };
    play(plugin, in_flight, 2)
}

#[test]
fn a_staff_that_is_asked_works_and_the_bytes_do_not_depend_on_replies() {
    let plain = || FnModel::new("urgent", |request| Ok(urgent(request)));
    let first = day(Arc::new(plain()), 1);
    for episode in &first {
        assert_eq!(episode.outcome, Outcome::Done);
        let lines = lines(episode);
        assert_eq!(lines[0]["asked"], true);
        let ticks = lines.iter().filter(|line| is(line, "tick"));
        assert_eq!(ticks.count(), 12);
        assert!(lines.iter().any(|line| is(line, "asked")));
    }
    let slow = plain().with_delay(Delay { lo_ms: 0, hi_ms: 2 }).reversed();
    assert_eq!(day(Arc::new(slow), 2), first);
}

#[test]
fn who_cannot_be_read_stays_where_he_stands() {
    let model = FnModel::new("odd", |request: &ModelRequest| {
        Ok(match request.key.round.0 {
            1 => json!({"action": request.key.agent.0}).to_string(),
            _ => "Wherever you like.".to_owned(),
        })
    });
    for episode in day(Arc::new(model), 2) {
        assert_eq!(episode.outcome, Outcome::Done);
        let lines = lines(&episode);
        for line in lines.iter().filter(|line| is(line, "assigned")) {
            assert_eq!(line["beds"], json!([0, 1, 2, 3]));
        }
        let malformed: Vec<&Value> = lines
            .iter()
            .filter(|line| is(line, "malformed_reply"))
            .collect();
        assert_eq!(malformed.len(), 11 * 4);
        assert!(malformed.iter().all(|line| {
            line["side"] == "doctor" && line["replies"] == 3 && line["neutral"] == true
        }));
    }
}

#[test]
fn nobody_is_told_the_truth_or_what_was_not_asked() {
    let heard: Arc<Mutex<Vec<(u32, String)>>> = Arc::default();
    let keep = Arc::clone(&heard);
    let model = FnModel::new("urgent", move |request: &ModelRequest| {
        let told = request.messages[1].content.clone();
        if request.key.episode == EpisodeIx(0) {
            keep.lock().unwrap().push((request.key.round.0, told));
        }
        Ok(urgent(request))
    });
    let episode = day(Arc::new(model), 1).remove(0);
    let knowledge = Knowledge::builtin();
    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), 12 * 4);
    for (_, told) in heard.iter() {
        for condition in knowledge.conditions() {
            assert!(!told.contains(&*condition.name), "{told}");
        }
    }
    // What the charts hold is what the doctor side has heard by then.
    let lines = lines(&episode);
    for (round, told) in heard.iter() {
        let told: Value = serde_json::from_str(told).unwrap();
        for bed in told["situation"]["beds"].as_array().unwrap() {
            let known = |key: &str| bed[key].as_array().map_or(0, Vec::len);
            let answers = lines.iter().filter(|line| {
                (is(line, "answered") || is(line, "resulted"))
                    && line["patient"] == bed["patient"]
                    && line["r"].as_u64() < Some(u64::from(*round))
            });
            // The introduction reveals a few more.
            assert!(
                known("present") + known("absent") <= answers.count() + 8,
                "{bed}"
            );
        }
    }
}
