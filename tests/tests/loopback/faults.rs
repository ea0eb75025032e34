use std::io::ErrorKind;

use rounds_tests::loopback::{Fault, FaultPlan, Received};
use serde_json::{Value, json};

use crate::{client, content, request, server, vote};

/// The replies to a vote without a fault and with it.
fn both(fault: Fault) -> (Received, Received) {
    let (right, wrong) = (
        server(|_| {}),
        server(|s| s.faults = FaultPlan::always(fault)),
    );
    let replies = (
        client(&right).chat(&vote(1)).unwrap(),
        client(&wrong).chat(&vote(1)).unwrap(),
    );
    assert_eq!(wrong.counts().faults[&fault], 1);
    replies
}

#[test]
fn refusals_have_their_status_and_headers() {
    for (fault, status, kind) in [
        (Fault::TooManyRequests, 429, "requests"),
        (Fault::ServerError, 500, "server_error"),
        (Fault::Unavailable, 503, "server_error"),
    ] {
        let (_, received) = both(fault);
        assert_eq!(received.status, status);
        assert_eq!(received.json()["error"]["type"], kind);
        let wait = (status == 429).then_some("1");
        assert_eq!(received.header("retry-after"), wait);
    }
    let (_, received) = both(Fault::TooManyRequestsDate);
    assert_eq!(received.status, 429);
    let date = received.header("retry-after").unwrap();
    assert!(httpdate::parse_http_date(date).is_ok(), "{date}");
}

#[test]
fn connections_end_before_and_in_the_middle_of_a_reply() {
    for fault in [Fault::DropBefore, Fault::DropMiddle] {
        let server = server(|s| s.faults = FaultPlan::first(&[fault]));
        let mut client = client(&server);
        let error = client.chat(&request(1)).unwrap_err();
        let ended = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset];
        assert!(ended.contains(&error.kind()), "{fault}: {error}");
        // Another connection, the second attempt.
        content(&client.chat(&request(1)).unwrap());
        let statuses: Vec<_> = server
            .seen()
            .iter()
            .map(|s| (s.attempt, s.status))
            .collect();
        let first = (fault == Fault::DropMiddle).then_some(200);
        assert_eq!(statuses, [(0, first), (1, Some(200))]);
    }
}

#[test]
fn half_a_body_comes_before_the_cut() {
    use std::io::{Read, Write};
    let server = server(|s| s.faults = FaultPlan::always(Fault::DropMiddle));
    let mut stream = std::net::TcpStream::connect(server.address()).unwrap();
    let body = request(1).to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    // The end may come as an end or as a reset.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let length = head
        .lines()
        .find_map(|l| l.strip_prefix("content-length: "));
    let length: usize = length.unwrap().parse().unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK"));
    assert_eq!(body.len(), length.div_ceil(2));
}

#[test]
fn a_slow_body_is_whole() {
    let quick = server(|_| {});
    let slow = server(|s| {
        s.faults = FaultPlan::always(Fault::SlowBody);
        s.slow_body_ms = 40;
    });
    let expected = client(&quick).chat(&request(1)).unwrap();
    assert_eq!(client(&slow).chat(&request(1)).unwrap().body, expected.body);
}

#[test]
fn contents_are_spoiled_as_named() {
    let json_of = |received: &Received| serde_json::from_str::<Value>(&content(received)).unwrap();
    let (right, cut) = both(Fault::Truncated);
    assert!(content(&right).starts_with(&content(&cut)));
    assert!(serde_json::from_str::<Value>(&content(&cut)).is_err());
    assert_eq!(cut.json()["choices"][0]["finish_reason"], "length");

    let (right, wrong) = both(Fault::WrongSchema);
    assert!(json_of(&right).get("vote").is_some() && json_of(&wrong).get("vote").is_none());

    let (right, prose) = both(Fault::Prose);
    let (right, prose) = (content(&right), content(&prose));
    assert!(prose.contains(&right) && !prose.starts_with('{') && !prose.ends_with('}'));

    let (right, fenced) = both(Fault::Fenced);
    assert_eq!(
        content(&fenced),
        format!("```json\n{}\n```", content(&right))
    );

    let (_, unknown) = both(Fault::UnknownValue);
    assert_eq!(json_of(&unknown)["names"], json!(vec!["Chronosurgery"; 3]));

    let (_, many) = both(Fault::Eleven);
    assert_eq!(json_of(&many)["names"].as_array().unwrap().len(), 11);

    let (_, contrary) = both(Fault::Contrary);
    assert_eq!(
        json_of(&contrary)["vote"],
        "DISAGREE because I agree partly"
    );
}

#[test]
fn choices_and_content_can_be_missing() {
    let (_, empty) = both(Fault::EmptyChoices);
    assert_eq!(empty.json()["choices"], json!([]));
    let (_, null) = both(Fault::NullContent);
    let message = &null.json()["choices"][0]["message"];
    assert!(message["content"].is_null() && message["refusal"].is_null());
    let (_, refusal) = both(Fault::Refusal);
    let message = &refusal.json()["choices"][0]["message"];
    assert!(message["content"].is_null() && message["refusal"].is_string());
}

#[test]
fn faults_belong_to_a_request_and_its_attempt_not_to_the_order() {
    let plan = FaultPlan {
        rates: vec![(Fault::ServerError, 0.3), (Fault::TooManyRequests, 0.2)],
        ..FaultPlan::default()
    };
    let ask = |order: &mut dyn Iterator<Item = u32>| {
        let server = server(|s| s.faults = plan.clone());
        let mut client = client(&server);
        let mut met: Vec<(u32, u16)> = Vec::new();
        for patient in order {
            met.push((patient, client.chat(&request(patient)).unwrap().status));
        }
        // Stable, so that the two attempts of a patient stay in order.
        met.sort_by_key(|(patient, _)| *patient);
        met
    };
    let forwards = ask(&mut (0..60).chain(0..60));
    assert_eq!(forwards, ask(&mut (0..60).rev().chain((0..60).rev())));
    let kinds: std::collections::BTreeSet<_> = forwards.iter().map(|(_, s)| *s).collect();
    assert!(kinds.into_iter().eq([200, 429, 500]));
    assert!(forwards.chunks(2).any(|two| two[0].1 != two[1].1));
}

#[test]
fn calls_that_are_told_apart_have_attempts_of_their_own() {
    let server = server(|s| s.faults = FaultPlan::first(&[Fault::Unavailable]));
    let mut client = client(&server);
    for agent in 0..3 {
        let call = json!({"agent": agent}).to_string();
        client.headers = vec![("x-rounds-call".to_owned(), call)];
        assert_eq!(client.chat(&request(0)).unwrap().status, 503);
        assert_eq!(client.chat(&request(0)).unwrap().status, 200);
    }
}
