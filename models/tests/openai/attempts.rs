//! Attempts, their records, limits, cancellation, the cache and prices.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use rounds_models::openai::{Caching, Key, OpenAiFault, Prices};
use rounds_models::{CallRecord, LanguageModel, ModelServer, ReplayModel};
use serde_json::json;

use super::server::{Answer, Server, ok, status, text};
use super::{ask, fault, lines, model, options, request};

#[tokio::test(start_paused = true)]
async fn a_request_says_what_the_options_say() {
    let server = Server::answering([ok("yes")]).await;
    let mut options = options(&server.url);
    options.stop = vec!["END".to_owned()];
    options.extra.insert("min_p".to_owned(), json!(0.1));
    options.key = Key::None;
    let reply = ask(&model(options), 0).await.unwrap();
    assert_eq!(
        (reply.text.as_str(), reply.usage.prompt_tokens),
        ("yes", 10)
    );
    let cost = reply.usage.cost_usd.unwrap();
    assert!(
        (cost - (10.0 * 2.5 + 2.0 * 10.0) / 1e6).abs() < 1e-15,
        "{cost}"
    );
    let seen = server.requests().remove(0);
    let (head, body) = seen.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("POST /v1/chat/completions HTTP/1.1"),
        "{head}"
    );
    assert!(!head.to_lowercase().contains("authorization"), "{head}");
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        body,
        json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "question 0"}],
            "temperature": 0.25, "seed": 7, "max_tokens": 100, "stop": ["END"], "min_p": 0.1})
    );
}

#[tokio::test(start_paused = true)]
async fn each_attempt_is_a_record_and_a_recording_answers_with_the_last() {
    let answers = [status(500, "a"), Answer::Drop, ok("yes"), status(500, "b")];
    let server = Server::answering(answers).await;
    let mut options = options(&server.url);
    options.attempts = 3;
    let model = model(options);
    let (answered, failed) = (ask(&model, 0).await, ask(&model, 1).await);
    assert_eq!(server.count(), 6);
    let records = [
        lines(&model, 0, answered.clone()),
        lines(&model, 1, failed.clone()),
    ]
    .concat();
    let seen: Vec<_> = records
        .iter()
        .map(|r| (r.key.number, r.retry, r.asked_again, r.reply.as_deref()))
        .collect();
    assert_eq!(
        seen,
        [
            (0, 0, true, None),
            (0, 1, true, None),
            (0, 2, false, Some("yes")),
            (1, 0, true, None),
            (1, 1, true, None),
            (1, 2, false, None),
        ]
    );
    assert!(records[0].error.as_ref().unwrap().contains("status 500: a"));
    let text: Vec<String> = records.iter().map(|r| r.to_line().unwrap()).collect();
    let back: Vec<_> = text
        .iter()
        .map(|line| CallRecord::from_line(line).unwrap())
        .collect();
    assert_eq!(back, records);
    let replay = ReplayModel::from_lines(text.join("\n").as_bytes()).unwrap();
    let again = replay.complete(&[request(0), request(1)]).await;
    assert_eq!(again[0].as_ref().unwrap().text, "yes");
    let error = again[1].as_ref().unwrap_err();
    assert_eq!(error.to_string(), failed.unwrap_err().to_string());
    assert!(!error.is_retryable());
    // A run that was killed between attempts asks anew.
    let cut = ReplayModel::from_records(records[..2].to_vec()).unwrap();
    assert!(cut.recall(&request(0)).is_none());
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_obeyed_by_all() {
    let server = Server::start(|number, _| match number {
        0 => Answer::Whole(429, "Retry-After: 30\r\n", "slow down".to_owned()),
        _ => ok("yes"),
    })
    .await;
    let mut options = options(&server.url);
    options.limits.concurrency = 1;
    let model = model(options);
    let requests: Vec<_> = (0..4).map(request).collect();
    for result in model.complete(&requests).await {
        assert_eq!(result.unwrap().text, "yes");
    }
    let times = server.times();
    assert!(times[0] < Duration::from_secs(1));
    let rest = &times[1..];
    assert_eq!(rest.len(), 4);
    let bounds = Duration::from_secs(30)..Duration::from_secs(32);
    assert!(rest.iter().all(|at| bounds.contains(at)), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_longer_wait_than_the_patience_ends_the_request() {
    let answer = Answer::Whole(503, "Retry-After: 3600\r\n", "later".to_owned());
    let server = Server::answering([answer]).await;
    let (fault, attempts) = fault(ask(&model(options(&server.url)), 0).await);
    assert_eq!((fault.retry_after_s(), attempts), (Some(3600.0), 1));
    assert!(fault.to_string().contains("(wait 3600 s)"), "{fault}");
}

#[tokio::test(start_paused = true)]
async fn pauses_double_and_are_the_same_again() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let server = Server::answering([status(500, "")]).await;
        let _ = ask(&model(options(&server.url)), 0).await;
        let times = server.times();
        let gaps: Vec<u64> = times
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).as_millis() as u64)
            .collect();
        runs.push(gaps);
    }
    // The wire takes no simulated time, but the timer rounds to a millisecond.
    let gaps = &runs[0];
    assert_eq!(gaps.len(), 4);
    for (gap, full) in gaps.iter().zip([500, 1000, 2000, 4000]) {
        assert!((full / 2..=full + 2).contains(gap), "{gaps:?}");
    }
    let close = |(a, b): (&u64, &u64)| a.abs_diff(*b) <= 2;
    assert!(runs[0].iter().zip(&runs[1]).all(close), "{runs:?}");
}

#[tokio::test(start_paused = true)]
async fn no_more_are_open_than_allowed_and_each_gets_its_own_reply() {
    let server = Server::start(|_, request| {
        let number = request.rsplit("question ").next().unwrap();
        let number: String = number.chars().take_while(char::is_ascii_digit).collect();
        // Later requests are answered sooner.
        let time = Duration::from_millis(100 - number.parse::<u64>().unwrap());
        Answer::After(time, text(&number))
    })
    .await;
    let mut options = options(&server.url);
    options.limits.concurrency = 7;
    let requests: Vec<_> = (0..50).map(request).collect();
    let replies = model(options).complete(&requests).await;
    for (number, reply) in replies.into_iter().enumerate() {
        assert_eq!(reply.unwrap().text, number.to_string());
    }
    assert_eq!((server.most_open(), server.count()), (7, 50));
}

#[tokio::test(start_paused = true)]
async fn the_rate_of_requests_holds_for_attempts_too() {
    let server = Server::start(|number, _| match number % 2 {
        0 => status(500, ""),
        _ => ok("yes"),
    })
    .await;
    let mut options = options(&server.url);
    options.limits.requests_per_minute = Some(60.0);
    options.backoff.first = Duration::ZERO;
    let requests: Vec<_> = (0..10).map(request).collect();
    let _ = model(options).complete(&requests).await;
    let times = server.times();
    assert!(times.len() >= 15, "{}", times.len());
    for (number, at) in times.iter().enumerate() {
        assert!(
            *at >= Duration::from_millis(990) * number as u32,
            "{times:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_dropped_leaves_the_wire() {
    let server = Server::answering([Answer::Never]).await;
    let model = model(options(&server.url));
    let requests: Vec<_> = (0..3).map(request).collect();
    let wait = Duration::from_secs(5);
    for count in [1, 3] {
        let asked = model.complete(&requests[..count]);
        assert!(tokio::time::timeout(wait, asked).await.is_err());
    }
    tokio::time::sleep(wait).await;
    assert_eq!((server.count(), server.left()), (4, 4));
}

#[tokio::test]
async fn a_server_of_models_answers_many_and_ends_what_is_open() {
    let server = Server::start(|_, request| match request.contains("question 999") {
        true => Answer::Never,
        false => ok("yes"),
    })
    .await;
    let options = options(&server.url);
    let sizes = options.server();
    let (send, receive) = channel();
    let models = ModelServer::start(Arc::new(model(options)), sizes);
    for number in 0..200 {
        models
            .submit(u64::from(number), request(number), &send)
            .unwrap();
    }
    models.submit(999, request(999), &send).unwrap();
    let models = tokio::task::spawn_blocking(move || {
        for _ in 0..200 {
            let finished = receive.recv().unwrap();
            assert_eq!(finished.result.unwrap().text, "yes");
        }
        drop(models);
        drop(send);
        receive.recv().unwrap()
    });
    let closed = models.await.unwrap();
    assert_eq!(closed.ticket, 999);
    assert!(closed.result.is_err());
    while server.left() == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn equal_requests_are_answered_from_the_cache_at_no_cost() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|number, _| ok(&format!("reply {number}"))).await;
    let mut options = options(&server.url);
    options.caching = Caching::File(folder.path().join("cache.jsonl"));
    let first = model(options.clone());
    assert_eq!(ask(&first, 0).await.unwrap().text, "reply 0");
    drop(first);
    let second = model(options.clone());
    let hit = ask(&second, 0).await.unwrap();
    assert_eq!(hit.text, "reply 0");
    assert_eq!((hit.usage.cost_usd, hit.usage.cache_hit), (Some(0.0), true));
    assert_eq!(ask(&second, 1).await.unwrap().text, "reply 1");
    // What changes the answer changes the key of the cache.
    options.extra.insert("top_k".to_owned(), json!(1));
    assert_eq!(ask(&model(options), 0).await.unwrap().text, "reply 2");
    assert_eq!(server.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_price_is_null_and_no_tokens_are_zero() {
    let bare = json!({"choices": [{"message": {"content": "yes"}}]}).to_string();
    let server = Server::answering([ok("yes"), status(200, &bare)]).await;
    let mut options = options(&server.url);
    options.model = "mine".to_owned();
    let model = rounds_models::openai::OpenAiModel::new(options, &Prices::default()).unwrap();
    let answered = ask(&model, 0).await;
    let record = lines(&model, 0, answered).remove(0);
    assert_eq!(
        (record.usage.cost_usd, record.usage.prompt_tokens),
        (None, 10)
    );
    assert!(record.to_line().unwrap().contains("\"cost_usd\":null"));
    let uncounted = ask(&model, 1).await.unwrap();
    assert_eq!(
        (uncounted.usage.cost_usd, uncounted.usage.prompt_tokens),
        (None, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_fault_says_how_many_attempts_there_were() {
    let server = Server::answering([status(502, "bad gateway")]).await;
    let error = ask(&model(options(&server.url)), 0).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the server failed with status 502: bad gateway (attempt 5)"
    );
    assert!(!error.is_retryable());
    let (fault, attempts) = fault(Err(error));
    assert!(matches!(fault, OpenAiFault::Server { .. }));
    assert_eq!(attempts, 5);
}
