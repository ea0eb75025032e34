//! Replies of every bad kind, through whole visits.

use rounds_agents::engine::Outcome;
use rounds_models::ModelRequest;
use serde_json::{Value, json};

use crate::harness::{RE_ASKS, Visit, data, is_due, proposal};

/// Replies of a team that asks once and is forced to answer.
fn sound(request: &ModelRequest) -> String {
    match &*request.key.purpose {
        "triage" => {
            r#"{"RATIONALE":"","SUGGEST_SPECIALISTS":["Chronosurgery","Cardiology"]}"#.to_owned()
        }
        "coordinate" => {
            r#"{"ADD":["Oneirology"],"REMOVE":[],"UPDATED_LIST":["chronosurgery","Oneirology"],"RATIONALE":""}"#
                .to_owned()
        }
        "vote" => "AGREE".to_owned(),
        "confidence" => "DECISION: very unconfident".to_owned(),
        _ if is_due(request) => proposal("diagnosis", json!(["Gout"]), 3.0, ""),
        _ => proposal("question", json!("Do you have a fever?"), 3.0, ""),
    }
}

#[test]
fn specialities_that_nobody_knows_stay_under_their_name_through_a_visit() {
    let played = Visit::dynamic(2).play(sound);
    assert_eq!(played.outcome, Outcome::Done);
    let triaged = played.of("triaged").next().unwrap();
    assert_eq!(triaged["team"][0], "Chronosurgery");
    let coordinated = played.last(&["coordinated"]);
    assert_eq!(coordinated["team"], json!(["Chronosurgery", "Oneirology"]));
    assert_eq!(played.of("malformed_reply").count(), 0);
}

/// What comes of a visit when all replies of one purpose are changed.
fn spoiled(
    purpose: &'static str,
    spoil: impl Fn(&str) -> String + Send + Sync + 'static,
) -> crate::harness::Played {
    Visit::dynamic(1).play(move |request| {
        let reply = sound(request);
        match request.key.purpose == purpose {
            true => spoil(&reply),
            false => reply,
        }
    })
}

#[test]
fn unreadable_replies_are_asked_again_with_the_reason_and_then_take_the_default() {
    for (purpose, reply) in [
        ("triage", ""),
        ("triage", "I'm sorry, but I can't help with that."),
        ("coordinate", "{\"ADD\": []}"),
        ("vote", "DISAGREE because I agree partly"),
        ("vote", ""),
    ] {
        let played = spoiled(purpose, move |_| reply.to_owned());
        assert_eq!(played.outcome, Outcome::Done, "{purpose} {reply:?}");
        let faults: Vec<&Value> = played.of("malformed_reply").collect();
        assert!(!faults.is_empty(), "{purpose} {reply:?}");
        for fault in faults {
            assert_eq!(fault["replies"], RE_ASKS + 1);
            assert_eq!(fault["neutral"], true);
            assert!(!fault["why"].as_str().unwrap().is_empty());
        }
        let again = played.calls.iter().find(|call| {
            let key = &call.key;
            key.purpose == purpose && key.attempt == 1
        });
        let messages = &again.unwrap().messages;
        let roles: Vec<&str> = messages.iter().map(|m| m.role.as_str()).collect();
        match reply.is_empty() {
            true => assert_eq!(roles, ["system", "user", "user"]),
            false => assert_eq!(roles, ["system", "user", "assistant", "user"]),
        }
        assert!(
            messages
                .last()
                .unwrap()
                .content
                .contains("could not be read")
        );
    }
}

#[test]
fn a_second_try_that_can_be_read_counts() {
    let played = Visit::dynamic(1).play(|request| match request.key.attempt {
        0 => "let me think".to_owned(),
        _ => sound(request),
    });
    assert_eq!(played.outcome, Outcome::Done);
    assert!(played.of("malformed_reply").count() > 3);
    for fault in played.of("malformed_reply") {
        assert_eq!(
            (&fault["replies"], &fault["neutral"]),
            (&json!(1), &json!(false))
        );
    }
    let asked = played.of("asked").next().unwrap();
    assert_eq!(asked["text"], "Do you have a fever?");
}

#[test]
fn fences_prose_and_long_lists_are_mended_and_counted() {
    for (wrapped, told) in [
        ("```json\nREPLY\n```", "fence"),
        ("Certainly!\nREPLY\nAnything else?", "other text"),
    ] {
        let played = spoiled("triage", move |reply| wrapped.replace("REPLY", reply));
        assert_eq!(played.outcome, Outcome::Done);
        let mended = played.of("mended_reply").next().unwrap();
        assert!(mended["why"].as_str().unwrap().contains(told), "{mended}");
    }
    let eleven: Vec<String> = (1..=11).map(|n| format!("Disease {n}")).collect();
    let reply = proposal("diagnosis", json!(eleven), 3.0, "");
    let played = spoiled("propose", move |_| reply.clone());
    let list = played.last(&["diagnosed"])["list"].as_array().unwrap();
    assert_eq!(list.len(), 10);
    assert_eq!(list[9]["name"], "Disease 10");
    let mended = played.of("mended_reply").next().unwrap();
    assert_eq!(mended["why"], "11 diagnoses were cut to 10");
}

#[test]
fn a_visit_in_which_no_proposal_can_be_read_fails_with_the_reason() {
    let played = spoiled("propose", |_| "{\"RESPONSE_TYPE\": \"diagn".to_owned());
    let Outcome::Failed(why) = &played.outcome else {
        panic!("expected a failure, got {:?}", played.outcome);
    };
    assert!(
        why.contains("no member of the panel made a proposal"),
        "{why}"
    );
    assert_eq!(played.of("malformed_reply").count(), 2);
    for fault in played.of("malformed_reply") {
        assert!(fault["why"].as_str().unwrap().contains("cut off"));
    }
}

#[test]
fn one_member_that_cannot_be_read_drops_out_of_the_round_alone() {
    let played = Visit::of_team(&["Alpha", "Beta"], 1).play(|request| {
        match data(request)["speciality"] == "Beta" && request.key.purpose == "propose" {
            true => "no".to_owned(),
            false => sound(request),
        }
    });
    assert_eq!(played.outcome, Outcome::Done);
    assert!(played.of("proposed").all(|event| event["agent"] == "Alpha"));
}
