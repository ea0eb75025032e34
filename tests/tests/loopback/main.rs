//! The loopback server speaks the protocol, repeats itself, fails as told and serves many at once.
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

mod concurrency;
mod faults;
mod program;
mod protocol;
mod scripted;

use rounds_tests::loopback::{Client, Loopback, Received, Settings};
use serde_json::{Value, json};

/// A server with the default settings, changed.
fn server(change: impl FnOnce(&mut Settings)) -> Loopback {
    let mut settings = Settings::default();
    change(&mut settings);
    Loopback::start(settings).unwrap()
}

fn client(server: &Loopback) -> Client {
    Client::new(server.address())
}

/// A request of the specialist who must diagnose.
fn request(patient: u32) -> Value {
    json!({
        "model": "loopback",
        "messages": [
            {"role": "system", "content": "A diagnosis is due. JSON keys: RESPONSE_TYPE"},
            {"role": "user", "content": format!("patient {patient} coughs")},
        ],
        "temperature": 0.3,
        "seed": 5,
    })
}

/// A vote that must satisfy a schema.
fn vote(patient: u32) -> Value {
    let mut request = request(patient);
    request["response_format"] = json!({"type": "json_schema", "json_schema": {
        "name": "vote",
        "strict": true,
        "schema": {
            "type": "object",
            "required": ["vote", "confidence", "names"],
            "additionalProperties": false,
            "properties": {
                "vote": {"enum": ["AGREE", "DISAGREE"]},
                "confidence": {"type": "integer", "minimum": 1, "maximum": 5},
                "names": {"type": "array", "minItems": 3, "items": {"type": "string"}},
            },
        },
    }});
    request
}

fn content(received: &Received) -> String {
    assert_eq!(received.status, 200, "{}", received.body);
    let reply = received.json();
    let content = reply["choices"][0]["message"]["content"].as_str();
    content.unwrap().to_owned()
}
