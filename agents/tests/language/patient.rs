//! Patients that speak through a model.

use rounds_agents::engine::Outcome;
use rounds_models::ModelRequest;
use serde_json::{Value, json};

use crate::harness::{Played, Visit, data, is_due, proposal, recorded};

fn record() -> Value {
    json!({
        "Demographics": {"age": 64, "gender": "F"},
        "Admission_info": {
            "admission_time": "2149-03-01 10:00:00",
            "admission_location": "EMERGENCY ROOM ADMIT",
            "admission_type": "EMERGENCY",
            "admission_diagnosis": "SEPSIS"
        },
        "Chief Complaint": "Fever and chills",
        "Family History": "The mother had gout.",
        "Diagnoses": [{"seq_num": 1, "icd9_code": "99592", "long_title": "Severe sepsis"}]
    })
}

/// A team of one that asks one question and answers, at the bed of a patient who speaks.
fn ask(question: &'static str, patient: fn(&ModelRequest) -> String) -> Played {
    let mut visit = Visit::of_team(&["Alpha"], 1);
    visit.patients = recorded(record());
    visit.patient_speaks = true;
    visit.play(move |request| match &*request.key.purpose {
        "introduce" | "suffices" | "answer" | "fallback" => patient(request),
        "confidence" => "DECISION: very unconfident".to_owned(),
        _ if is_due(request) => proposal("diagnosis", json!(["Gout"]), 3.0, ""),
        _ => proposal("question", json!(question), 3.0, ""),
    })
}

fn purposes(played: &Played) -> Vec<&str> {
    let patients = ["introduce", "suffices", "answer", "fallback"];
    let calls = played.calls.iter();
    let mut named: Vec<(u32, &str)> = calls
        .filter(|call| patients.contains(&&*call.key.purpose))
        .map(|call| (call.key.number, &*call.key.purpose))
        .collect();
    named.sort_unstable();
    named.into_iter().map(|(_, purpose)| purpose).collect()
}

#[test]
fn what_suffices_is_told_from_the_record_in_the_words_of_the_model() {
    let played = ask("What is your family history?", |request| {
        match &*request.key.purpose {
            "introduce" => "I am 64 and I shiver.".to_owned(),
            "suffices" => "yes".to_owned(),
            _ => "My mother had gout.".to_owned(),
        }
    });
    assert_eq!(played.outcome, Outcome::Done);
    assert_eq!(purposes(&played), ["introduce", "suffices", "answer"]);
    let introduced = played.of("introduced").next().unwrap();
    assert_eq!(introduced["text"], "I am 64 and I shiver.");
    let answered = played.of("answered").next().unwrap();
    assert_eq!(answered["text"], "My mother had gout.");
    assert_eq!(answered["source"], "chart");
    assert_eq!(answered["targets"][0]["section"], "Family History");
    let seen = played
        .calls
        .iter()
        .find(|call| call.key.purpose == "confidence");
    assert!(seen.unwrap().messages[1].content.contains("I shiver"));
    for call in &played.calls {
        assert!(call.max_tokens > 0, "servers refuse 0");
        let text: String = call.messages.iter().map(|m| m.content.as_str()).collect();
        assert!(
            !text.to_lowercase().contains("sepsis"),
            "{}: {text}",
            call.key
        );
    }
}

#[test]
fn what_does_not_suffice_is_answered_from_the_whole_record_with_a_flag() {
    for (reply, kind, source) in [
        ("I came by the emergency room.", "value", "fallback"),
        ("I do not remember.", "not_recorded", "unavailable"),
    ] {
        let known = reply.len() > 20;
        let played = ask(
            "What is your family history?",
            match known {
                true => |request| match &*request.key.purpose {
                    "suffices" => "no".to_owned(),
                    _ => "I came by the emergency room.".to_owned(),
                },
                false => |request| match &*request.key.purpose {
                    "suffices" => "No.".to_owned(),
                    _ => "I do not remember.".to_owned(),
                },
            },
        );
        assert_eq!(purposes(&played), ["introduce", "suffices", "fallback"]);
        let answered = played.of("answered").next().unwrap();
        assert_eq!(answered["text"], reply);
        assert_eq!(
            (&answered["answer"], &answered["source"]),
            (&json!(kind), &json!(source))
        );
        let asked = played
            .calls
            .iter()
            .find(|call| call.key.purpose == "fallback");
        let record: Value = serde_json::from_str(&asked.unwrap().messages[1].content).unwrap();
        assert_eq!(record["record"]["Family History"], "The mother had gout.");
        assert!(record["record"]["Demographics"].is_null());
        assert!(record["record"]["Admission_info"].is_null());
    }
}

#[test]
fn a_question_for_which_nothing_is_found_goes_to_the_whole_record_at_once() {
    let played = ask("Which colour do you like?", |_| "I don't know.".to_owned());
    assert_eq!(purposes(&played), ["introduce", "fallback"]);
}

#[test]
fn a_patient_that_cannot_be_read_says_what_is_recorded_and_that_is_counted() {
    let played = ask("What is your family history?", |_| " ".to_owned());
    assert_eq!(played.outcome, Outcome::Done);
    let introduced = played.of("introduced").next().unwrap();
    assert!(
        introduced["text"]
            .as_str()
            .unwrap()
            .contains("Fever and chills")
    );
    let answered = played.of("answered").next().unwrap();
    assert!(
        answered["text"]
            .as_str()
            .unwrap()
            .contains("mother had gout")
    );
    let faults: Vec<&Value> = played.of("malformed_reply").collect();
    assert_eq!(faults.len(), 3);
    assert!(
        faults
            .iter()
            .all(|f| f["side"] == "patient" && f["replies"] == 3)
    );
}

#[test]
fn the_same_question_has_the_same_answer_without_a_further_call() {
    let mut visit = Visit::of_team(&["Alpha"], 3);
    visit.patients = recorded(record());
    visit.patient_speaks = true;
    let played = visit.play(|request| match &*request.key.purpose {
        "suffices" => "yes".to_owned(),
        "introduce" => "I shiver.".to_owned(),
        "answer" => format!("Answer {}.", request.key.number),
        "confidence" => "DECISION: very unconfident".to_owned(),
        _ if is_due(request) => proposal("diagnosis", json!(["Gout"]), 3.0, ""),
        _ => proposal("question", json!("What is your family history?"), 3.0, ""),
    });
    let texts: Vec<&Value> = played.of("answered").map(|event| &event["text"]).collect();
    assert_eq!(texts, ["Answer 2.", "Answer 2.", "Answer 2."]);
    assert_eq!(purposes(&played), ["introduce", "suffices", "answer"]);
}

#[test]
fn drawn_patients_keep_yes_and_no_as_recorded_and_say_them_in_words() {
    let knowledge = rounds_environments::clinic::knowledge::Knowledge::builtin();
    let finding = knowledge.find_finding("fever").unwrap();
    let question = knowledge.finding(finding).question.clone();
    let play = |speaks: bool| {
        let question = question.clone();
        let mut visit = Visit::of_team(&["Alpha"], 1);
        visit.patient_speaks = speaks;
        visit.play(move |request| match &*request.key.purpose {
            "introduce" => "I do not feel well.".to_owned(),
            "answer" => format!("Well: {}.", data(request)["content"].as_str().unwrap()),
            "confidence" => "DECISION: very unconfident".to_owned(),
            _ if is_due(request) => proposal("diagnosis", json!(["Gout"]), 3.0, ""),
            _ => proposal("question", json!(question), 3.0, ""),
        })
    };
    let (silent, spoken) = (play(false), play(true));
    let answered = |played: &Played| played.of("answered").next().unwrap().clone();
    let (silent, said) = (answered(&silent), answered(&spoken));
    assert_eq!(said["present"], silent["present"]);
    assert_eq!(said["finding"], "fever");
    let word = if said["present"] == true { "yes" } else { "no" };
    assert_eq!(said["text"], format!("Well: {word}."));
    assert_eq!(purposes(&spoken), ["introduce", "answer"]);
}
