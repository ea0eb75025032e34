use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{client, content, request, server, vote};

#[test]
fn a_reply_has_the_fields_of_the_protocol() {
    let server = server(|_| {});
    let received = client(&server).chat(&request(1)).unwrap();
    assert_eq!(received.header("content-type"), Some("application/json"));
    let reply = received.json();
    assert!(reply["id"].as_str().unwrap().starts_with("chatcmpl-"));
    assert_eq!(reply["object"], "chat.completion");
    assert_eq!(reply["model"], "loopback");
    assert_eq!(reply["choices"][0]["finish_reason"], "stop");
    assert_eq!(reply["choices"][0]["message"]["role"], "assistant");
    let words = content(&received).split_whitespace().count();
    // "A diagnosis is due. JSON keys: RESPONSE_TYPE" and "patient 1 coughs".
    let usage =
        json!({"prompt_tokens": 10, "completion_tokens": words, "total_tokens": 10 + words});
    assert_eq!(reply["usage"], usage);
    let counts = server.counts();
    assert_eq!((counts.requests, counts.in_flight), (1, 0));
    assert_eq!((counts.prompt_tokens, counts.statuses[&200]), (10, 1));
    let seen = server.seen();
    assert_eq!(
        serde_json::from_str::<Value>(&seen[0].body).unwrap(),
        request(1)
    );
    assert_eq!((seen[0].attempt, seen[0].status), (0, Some(200)));
}

#[test]
fn the_same_request_gets_the_same_bytes_from_every_server() {
    let (one, two) = (server(|_| {}), server(|_| {}));
    let other = server(|s| s.seed = 1);
    let (mut one, mut two, mut other) = (client(&one), client(&two), client(&other));
    let mut replies = BTreeSet::new();
    let mut moved = 0;
    for patient in 0..40 {
        let first = one.chat(&vote(patient)).unwrap();
        assert_eq!(first.body, one.chat(&vote(patient)).unwrap().body);
        assert_eq!(first.body, two.chat(&vote(patient)).unwrap().body);
        moved += u32::from(content(&first) != content(&other.chat(&vote(patient)).unwrap()));
        replies.insert(content(&first));
    }
    assert!(
        replies.len() > 30 && moved > 30,
        "{} {moved}",
        replies.len()
    );
}

#[test]
fn a_schema_is_honoured() {
    let server = server(|_| {});
    let mut client = client(&server);
    let mut votes = BTreeSet::new();
    for patient in 0..20 {
        let text = content(&client.chat(&vote(patient)).unwrap());
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value.as_object().unwrap().len(), 3);
        assert!((1..=5).contains(&value["confidence"].as_i64().unwrap()));
        assert_eq!(value["names"].as_array().unwrap().len(), 3);
        votes.insert(value["vote"].as_str().unwrap().to_owned());
    }
    assert!(votes.iter().eq(["AGREE", "DISAGREE"]));
    let mut bad = vote(0);
    bad["response_format"]["json_schema"]["schema"] = json!({"type": "string", "pattern": "a+"});
    let received = client.chat(&bad).unwrap();
    assert_eq!(received.status, 400);
    assert!(received.body.contains("pattern"), "{}", received.body);
}

#[test]
fn models_are_listed_and_unknown_ones_are_not_found() {
    let server = server(|s| s.models = vec!["small".into(), "org/large".into()]);
    let mut client = client(&server);
    let list = client.get("/v1/models").unwrap().json();
    assert_eq!(list["object"], "list");
    let names: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| &m["id"])
        .collect();
    assert_eq!(names, ["small", "org/large"]);
    assert_eq!(
        client.get("/v1/models/org/large").unwrap().json()["id"],
        "org/large"
    );
    for received in [client.get("/v1/models/huge"), client.chat(&request(0))] {
        let received = received.unwrap();
        assert_eq!(received.status, 404);
        assert_eq!(received.json()["error"]["code"], "model_not_found");
        assert_eq!(received.json()["error"]["param"], "model");
    }
    for (method, path, status) in [
        ("GET", "/v1/embeddings", 404),
        ("DELETE", "/v1/models", 405),
    ] {
        let received = client.send(method, path, "").unwrap();
        assert_eq!(received.status, status);
        assert!(
            received.json()["error"]["message"]
                .as_str()
                .unwrap()
                .contains(path)
        );
    }
}

#[test]
fn a_key_is_asked_for_where_there_is_one() {
    let server = server(|s| s.key = Some("secret".into()));
    let mut client = client(&server);
    for header in [
        None,
        Some("Bearer wrong"),
        Some("secret"),
        Some("Bearer secret "),
    ] {
        client.headers.clear();
        if let Some(header) = header {
            // A space at the end is no part of a header's value.
            client.headers.push(("authorization".into(), header.into()));
        }
        let right = header == Some("Bearer secret ");
        for received in [client.chat(&request(0)), client.get("/v1/models")] {
            let received = received.unwrap();
            assert_eq!(received.status, if right { 200 } else { 401 }, "{header:?}");
            if !right {
                assert_eq!(received.json()["error"]["code"], "invalid_api_key");
                assert!(!received.body.contains("secret"), "{}", received.body);
            }
        }
    }
}

#[test]
fn bodies_that_cannot_be_served_are_errors_that_say_why() {
    let server = server(|s| s.max_context = 20);
    let mut client = client(&server);
    let broken = client
        .send("POST", "/v1/chat/completions", "{\"model\"")
        .unwrap();
    assert_eq!(broken.status, 400);
    assert_eq!(broken.json()["error"]["type"], "invalid_request_error");
    assert_eq!(client.chat(&request(0)).unwrap().status, 200);
    let mut long = request(0);
    long["max_tokens"] = json!(11);
    let received = client.chat(&long).unwrap();
    assert_eq!(received.status, 400);
    let error = &received.json()["error"];
    assert_eq!(error["code"], "context_length_exceeded");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("21 tokens (10 in"),
        "{error}"
    );
    long["max_tokens"] = json!(10);
    assert_eq!(client.chat(&long).unwrap().status, 200);
    assert_eq!(
        server.counts().statuses.into_iter().collect::<Vec<_>>(),
        [(200, 2), (400, 2)]
    );
}

#[test]
fn counts_are_read_and_reset_over_http() {
    let server = server(|_| {});
    let mut client = client(&server);
    client.chat(&request(0)).unwrap();
    let counts = client.get("/loopback/counts").unwrap().json();
    assert_eq!(
        (&counts["requests"], &counts["statuses"]["200"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        client.send("POST", "/loopback/reset", "").unwrap().status,
        204
    );
    assert_eq!(server.counts(), rounds_tests::loopback::Counts::default());
    assert!(server.seen().is_empty());
}
