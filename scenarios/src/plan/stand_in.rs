//! A model that is not there: it answers every request by its role, at once and for nothing, so
//! that real prompts are built and can be counted before a real model is asked.

use std::sync::Arc;

use rounds_models::{FnModel, LanguageModel, ModelError, ModelRequest, Schema};
use serde_json::{Map, Value, json};

/// How a stand-in acts. Which of them a real model is like is not known before it was asked: that
/// `Usual` is the middle is inferred (DynamiCare card, section 4: "typical, first candidate
/// accepted").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Diagnoses as soon as it may, in the smallest team: the fewest calls.
    Hasty,
    /// Asks in every round, in a team of three that agrees on the first proposal.
    Usual,
    /// Asks in every round, in the largest team, of which nobody ever agrees: the most calls.
    Thorough,
}

/// Specialities that a stand-in names, in this order.
const SPECIALITIES: [&str; 10] = [
    "Internal medicine",
    "Cardiology",
    "Pulmonology",
    "Neurology",
    "Rheumatology",
    "Gastroenterology",
    "Infectious diseases",
    "Endocrinology",
    "Nephrology",
    "Dermatology",
];
const DIAGNOSES: [&str; 10] = [
    "Pneumonia",
    "Bronchitis",
    "Influenza",
    "Pulmonary embolism",
    "Asthma",
    "Tuberculosis",
    "Heart failure",
    "Pericarditis",
    "Sarcoidosis",
    "Myocardial infarction",
];
const QUESTIONS: [&str; 6] = [
    "Have you had a fever in the last three days, and how high was it when you measured it?",
    "Does your chest hurt when you breathe in deeply or when you cough?",
    "Are your joints swollen, or stiff for more than an hour in the morning?",
    "When did it begin, and has it become better or worse since then?",
    "Have you taken any medicine for it, and did that change anything?",
    "Has anybody in your family had something similar before?",
];
const RATIONALE: &str = "This tells the most likely conditions apart, and what was said so far \
    leaves it open.";
const WORDS: &str = "It began some days ago and has not become better since; beyond that I have \
    noticed nothing that I could tell you about it.";

/// A stand-in of this manner.
pub fn stand_in(manner: Manner) -> Arc<dyn LanguageModel> {
    Arc::new(FnModel::new("stand-in", move |request: &ModelRequest| {
        Ok::<_, ModelError>(reply(request, manner))
    }))
}

fn reply(request: &ModelRequest, manner: Manner) -> String {
    let question = QUESTIONS[request.key.round.0 as usize % QUESTIONS.len()];
    let agree = manner != Manner::Thorough;
    match &*request.key.purpose {
        "triage" => {
            let team = team(request, manner);
            json!({"RATIONALE": RATIONALE, "SUGGEST_SPECIALISTS": team}).to_string()
        }
        "coordinate" => {
            let team = match manner {
                Manner::Thorough => team(request, manner),
                _ => present_team(request).unwrap_or_else(|| team(request, manner)),
            };
            json!({"ADD": [], "REMOVE": [], "UPDATED_LIST": team, "RATIONALE": RATIONALE})
                .to_string()
        }
        "confidence" => match manner {
            Manner::Hasty => "DECISION: very confident".to_owned(),
            _ => "DECISION: somewhat unconfident".to_owned(),
        },
        "vote" if agree => "AGREE".to_owned(),
        "vote" => "DISAGREE".to_owned(),
        "solo" | "propose" => proposal(request, manner, question),
        "doctor" => said(request, manner, question),
        "judge" => "yes".to_owned(),
        "suffices" if agree => "yes".to_owned(),
        "suffices" => "no".to_owned(),
        _ => match &request.schema {
            Some(schema) => {
                let schema = schema.value();
                instance(&schema, &schema, 0).to_string()
            }
            None => WORDS.to_owned(),
        },
    }
}

fn team(request: &ModelRequest, manner: Manner) -> Vec<&'static str> {
    let schema = request.schema.as_ref().map(Schema::value);
    let most = schema.and_then(|schema| {
        let of = &schema["properties"];
        let lists = [&of["SUGGEST_SPECIALISTS"], &of["UPDATED_LIST"]];
        lists.into_iter().find_map(|list| list["maxItems"].as_u64())
    });
    let count = match manner {
        Manner::Hasty => 1,
        Manner::Usual => 3,
        // Whoever takes fewer cuts the list.
        Manner::Thorough => most.map_or(SPECIALITIES.len(), |most| most as usize),
    };
    let most = most.map_or(usize::MAX, |most| most as usize);
    SPECIALITIES
        .into_iter()
        .take(count.min(most).max(1))
        .collect()
}

/// The team that the data names.
fn present_team(request: &ModelRequest) -> Option<Vec<&str>> {
    let data = request.messages.iter().find_map(|message| {
        let start = message.content.find('{')?;
        let end = message.content.rfind('}')?;
        serde_json::from_str::<Value>(message.content.get(start..=end)?).ok()
    })?;
    let names = data["team"].as_array()?.iter();
    let known: Vec<&str> = names
        .filter_map(|name| SPECIALITIES.into_iter().find(|known| name == known))
        .collect();
    (!known.is_empty()).then_some(known)
}

fn proposal(request: &ModelRequest, manner: Manner, question: &str) -> String {
    let kinds = request.schema.as_ref().map(|schema| {
        let schema = schema.value();
        let kinds = &schema["properties"]["RESPONSE_TYPE"]["enum"];
        let has = |kind: &str| {
            kinds
                .as_array()
                .is_some_and(|all| all.iter().any(|k| k == kind))
        };
        (has("diagnosis"), has("question"))
    });
    let (may_diagnose, may_ask) = kinds.unwrap_or_else(|| {
        let due = request
            .messages
            .iter()
            .any(|message| message.content.contains("diagnosis is due"));
        (due || request.key.purpose == "propose", !due)
    });
    let (kind, content) = match may_diagnose && (!may_ask || manner == Manner::Hasty) {
        true => ("diagnosis", json!(DIAGNOSES)),
        false => ("question", json!(question)),
    };
    json!({
        "RESPONSE_TYPE": kind,
        "RESPONSE_CONTENT": content,
        "CONFIDENCE": "3",
        "RATIONALE": RATIONALE,
    })
    .to_string()
}

/// What the doctor of a consultation says: tests by the line that the prompt names.
fn said(request: &ModelRequest, manner: Manner, question: &str) -> String {
    let prompt = request
        .messages
        .first()
        .map_or("", |message| message.content.as_str());
    let last = prompt.contains("your last turn");
    let marked = |marker: &str, name: &str| format!("{marker}: {name}");
    match () {
        () if last || manner == Manner::Hasty => marked("DIAGNOSIS READY", DIAGNOSES[0]),
        () if request.key.round.0 % 4 == 3 => marked("REQUEST TEST", "Complete blood count"),
        () => question.to_owned(),
    }
}

/// A small instance of a JSON schema: required keys, the first of alternatives and words.
fn instance(schema: &Value, root: &Value, depth: usize) -> Value {
    const DEEPEST: usize = 12;
    if depth > DEEPEST {
        return Value::Null;
    }
    let below = |schema: &Value| instance(schema, root, depth + 1);
    if let Some(pointer) = schema["$ref"].as_str().and_then(|r| r.strip_prefix('#')) {
        return root.pointer(pointer).map_or(Value::Null, below);
    }
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
        return first.clone();
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema[key].as_array().and_then(|all| all.first()) {
            return below(first);
        }
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.first().and_then(Value::as_str).unwrap_or("object"),
        kind => kind.as_str().unwrap_or("object"),
    };
    match kind {
        "object" => {
            let names = schema["required"].as_array().into_iter().flatten();
            let names = names.filter_map(Value::as_str);
            let made: Map<String, Value> = names
                .map(|name| (name.to_owned(), below(&schema["properties"][name])))
                .collect();
            Value::Object(made)
        }
        "array" => {
            let count = schema["minItems"].as_u64().unwrap_or(1).min(1000);
            (0..count).map(|_| below(&schema["items"])).collect()
        }
        "integer" => {
            let least = schema["minimum"].as_i64();
            json!(least.or(schema["maximum"].as_i64()).unwrap_or(0))
        }
        "number" => {
            let (least, most) = (schema["minimum"].as_f64(), schema["maximum"].as_f64());
            match (least, most) {
                (Some(least), Some(most)) => json!((least + most) / 2.0),
                (bound, None) | (None, bound) => json!(bound.unwrap_or(0.0)),
            }
        }
        "boolean" => json!(true),
        "null" => Value::Null,
        _ => json!(
            WORDS
                .chars()
                .take(schema["maxLength"].as_u64().unwrap_or(40) as usize)
                .collect::<String>()
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
    use rounds_models::{CallKey, Message};

    use super::*;

    fn asked(purpose: &'static str, system: &str, schema: Option<Value>) -> ModelRequest {
        ModelRequest {
            key: CallKey {
                episode: EpisodeIx(0),
                agent: AgentId(0),
                round: RoundIx(1),
                purpose: Cow::Borrowed(purpose),
                number: 0,
                attempt: 0,
            },
            messages: vec![
                Message::new("system", system),
                Message::new("user", r#"{"team": ["Neurology", "Chronosurgery"]}"#),
            ],
            schema: schema.as_ref().map(Schema::new),
            temperature: 0.0,
            max_tokens: 100,
            seed: 0,
        }
    }

    #[test]
    fn each_role_is_answered_in_its_form_and_manner() {
        let of = |purpose, manner| reply(&asked(purpose, "", None), manner);
        let json = |purpose, manner| serde_json::from_str::<Value>(&of(purpose, manner)).unwrap();
        let count = |manner| {
            let named = json("triage", manner)["SUGGEST_SPECIALISTS"].clone();
            named.as_array().unwrap().len()
        };
        assert_eq!(
            [Manner::Hasty, Manner::Usual, Manner::Thorough].map(count),
            [1, 3, 10]
        );
        assert_eq!(
            json("coordinate", Manner::Usual)["UPDATED_LIST"],
            json!(["Neurology"])
        );
        assert_eq!(json("propose", Manner::Hasty)["RESPONSE_TYPE"], "diagnosis");
        assert_eq!(
            json("propose", Manner::Thorough)["RESPONSE_TYPE"],
            "question"
        );
        assert_eq!(json("solo", Manner::Hasty)["RESPONSE_TYPE"], "question");
        let due = asked("solo", "A diagnosis is due.", None);
        assert!(reply(&due, Manner::Usual).contains("\"diagnosis\""));
        assert_eq!(of("vote", Manner::Usual), "AGREE");
        assert_eq!(of("vote", Manner::Thorough), "DISAGREE");
        assert!(of("doctor", Manner::Hasty).starts_with("DIAGNOSIS READY"));
        assert_eq!(of("answer", Manner::Usual), WORDS);
    }

    #[test]
    fn other_roles_are_answered_by_their_schema() {
        let schema = json!({
            "type": "object",
            "required": ["move", "speed", "path"],
            "properties": {
                "move": {"$ref": "#/$defs/move"},
                "speed": {"type": "number", "minimum": 0, "maximum": 2},
                "path": {"type": "array", "items": {"type": "integer", "minimum": 3}, "minItems": 2}
            },
            "$defs": {"move": {"enum": ["left", "right"]}}
        });
        let got = reply(&asked("act", "", Some(schema)), Manner::Usual);
        assert_eq!(got, r#"{"move":"left","speed":1.0,"path":[3,3]}"#);
    }
}
