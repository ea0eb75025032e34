use std::sync::{Arc, Mutex};

use rounds_models::{FnModel, LanguageModel, ModelError, ModelRequest, ScriptedModel};
use rounds_models::{ScriptedRules, ServerOptions};
use rounds_tests::loopback::{Client, Loopback};
use rounds_tests::{events, project_file, scenario, spoken_through};
use serde_json::json;

use crate::server;

/// Asks the server for what a model is asked.
fn ask(client: &mut Client, request: &ModelRequest) -> Result<String, ModelError> {
    let call = serde_json::to_string(&request.key).unwrap();
    client.headers = vec![("x-rounds-call".to_owned(), call)];
    let body = json!({
        "model": "clinicians",
        "messages": request.messages,
        "temperature": request.temperature,
        "max_tokens": request.max_tokens,
        "seed": request.seed,
    });
    let received = client.chat(&body).unwrap();
    let value = received.json();
    let message = value["error"]["message"].as_str().map(str::to_owned);
    match received.status {
        200 => Ok(value["choices"][0]["message"]["content"]
            .as_str()
            .unwrap()
            .to_owned()),
        503 => Err(ModelError::Scripted {
            message: message.unwrap(),
            retryable: true,
        }),
        status => Err(ModelError::Rejected {
            message: format!("{status}: {message:?}"),
        }),
    }
}

fn through(server: &Loopback) -> Arc<dyn LanguageModel> {
    let client = Mutex::new(Client::new(server.address()));
    Arc::new(FnModel::new("clinicians", move |request: &ModelRequest| {
        ask(&mut client.lock().unwrap(), request)
    }))
}

#[test]
fn a_run_through_the_server_equals_a_scripted_run() {
    let rules = ScriptedRules::open(&project_file("tests/scripts/clinicians.toml")).unwrap();
    let set = scenario("tests/scripts/spoken.toml", &["episodes=8"]);
    let model = Arc::new(ScriptedModel::new(rules.clone()).unwrap());
    let expected = events(&spoken_through(&set, model, ServerOptions::default()), 1);
    let server = server(|s| {
        s.models = vec!["clinicians".to_owned()];
        s.script = Some(rules);
    });
    let model = through(&server);
    let got = events(&spoken_through(&set, model, ServerOptions::default()), 1);
    assert!(got == expected);
    let counts = server.counts();
    // The script fails some first attempts in round 2.
    assert!(
        counts.statuses[&200] > 100 && counts.statuses[&503] > 0,
        "{counts:?}"
    );
}

#[test]
fn the_record_names_requests_as_recordings_do() {
    let rules = ScriptedRules::from_toml("default = \"yes\"").unwrap();
    let server = server(|s| {
        s.models = vec!["clinicians".to_owned()];
        s.script = Some(rules);
    });
    let request = ModelRequest {
        key: serde_json::from_value(json!({"episode": 1, "agent": 2, "round": 3,
            "purpose": "vote", "number": 4, "attempt": 0}))
        .unwrap(),
        messages: vec![rounds_models::Message::new("user", "well?")],
        schema: None,
        temperature: 0.3,
        max_tokens: 7,
        seed: u64::MAX - 1,
    };
    let mut client = Client::new(server.address());
    assert_eq!(ask(&mut client, &request).unwrap(), "yes");
    let seen = &server.seen()[0];
    assert_eq!(seen.request_hash, request.hash("clinicians"));
    assert_eq!(seen.call, serde_json::to_string(&request.key).unwrap());
}
