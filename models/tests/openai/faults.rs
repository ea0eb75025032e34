//! What goes wrong, each with its type, and nothing of the key in any of it.

use std::time::Duration;

use rounds_models::openai::{Came, Key, OpenAiFault, OpenAiModel, OpenAiOptions, Prices};
use rounds_models::{LanguageModel, Schema};
use serde_json::json;

use super::listen::Listener;
use super::server::{Answer, Server, ok, status};
use super::{KEY, ask, fault, lines, model, options, request};

/// The fault of a server that always answers so, after all attempts.
async fn meets(answer: Answer) -> (OpenAiFault, usize) {
    let server = Server::answering([answer]).await;
    let mut options = options(&server.url);
    options.attempts = 3;
    options.timeout = Duration::from_secs(9);
    let (fault, attempts) = fault(ask(&model(options), 0).await);
    assert_eq!(server.count(), attempts, "{fault}");
    (fault, attempts)
}

fn error(code: &str, message: &str) -> String {
    json!({"error": {"message": message, "type": "e", "param": null, "code": code}}).to_string()
}

#[test]
fn a_missing_key_and_a_wrong_url_are_found_before_anything_is_asked() {
    let new = |options| OpenAiModel::new(options, &Prices::default()).err().unwrap();
    let mut missing = OpenAiOptions::new("m");
    missing.key = Key::Variable("ROUNDS_TEST_NO_SUCH_KEY".to_owned());
    let text = new(missing).to_string();
    assert!(
        text.contains("ROUNDS_TEST_NO_SUCH_KEY is not set"),
        "{text}"
    );
    let wrong = new(options("htp://h/v1"));
    assert!(matches!(wrong, OpenAiFault::BadUrl { .. }), "{wrong}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_be_reached_is_asked_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let mut options = options(&url);
    options.attempts = 3;
    let (fault, attempts) = fault(ask(&model(options), 0).await);
    assert!(
        matches!(&fault, OpenAiFault::Unreachable { url: at, .. } if *at == url),
        "{fault}"
    );
    assert_eq!(attempts, 3);
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_nobody_trusts_is_refused_once() {
    let (url, connections) = super::server::start_untrusted().await;
    let (fault, attempts) = fault(ask(&model(options(&url)), 0).await);
    assert!(
        matches!(&fault, OpenAiFault::Certificate { url: at, .. } if *at == url),
        "{fault}"
    );
    let connections = connections.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!((attempts, connections), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_lasts_is_asked_once() {
    type F = OpenAiFault;
    let (fault, n) = meets(status(401, &error("invalid_api_key", "Incorrect key"))).await;
    assert!(
        matches!(fault, F::Unauthorized { status: 401, .. }),
        "{fault}"
    );
    assert_eq!(n, 1);
    let (fault, n) = meets(status(404, &error("model_not_found", "no model"))).await;
    assert!(
        matches!(&fault, F::UnknownModel { model, .. } if model == "gpt-4o"),
        "{fault}"
    );
    assert_eq!(n, 1);
    let (fault, n) = meets(status(404, "404 page not found")).await;
    assert!(matches!(fault, F::NotFound { .. }), "{fault}");
    assert_eq!(n, 1);
    let long = error(
        "context_length_exceeded",
        "maximum context length is 8192 tokens",
    );
    let (fault, n) = meets(status(400, &long)).await;
    assert!(
        matches!(&fault, F::TooLong { message } if message.contains("8192")),
        "{fault}"
    );
    assert_eq!(n, 1);
    let (fault, n) = meets(status(429, &error("insufficient_quota", "pay"))).await;
    assert!(matches!(fault, F::Quota { .. }), "{fault}");
    assert_eq!(n, 1);
    let elsewhere = Answer::Whole(307, "Location: http://127.0.0.1:9/\r\n", String::new());
    let (fault, n) = meets(elsewhere).await;
    assert!(matches!(fault, F::Rejected { status: 307, .. }), "{fault}");
    assert_eq!(n, 1);
    let refusal = json!({"choices": [{"message": {"content": null, "refusal": "I cannot"}}]});
    let (fault, n) = meets(status(200, &refusal.to_string())).await;
    assert!(
        matches!(&fault, F::Refused { message } if message == "I cannot"),
        "{fault}"
    );
    assert_eq!(n, 1);
    let (fault, n) = meets(status(200, r#"{"object": "list"}"#)).await;
    assert!(matches!(fault, F::Unexpected { .. }), "{fault}");
    assert_eq!(n, 1);
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_asked_until_the_attempts_are_used_up() {
    type F = OpenAiFault;
    for code in [500, 503] {
        let (fault, n) = meets(status(code, "<html>oops</html>")).await;
        let oops = "<html>oops</html>";
        assert!(
            matches!(&fault, F::Server { status, message, .. } if (*status, &**message) == (code, oops)),
            "{fault}"
        );
        assert_eq!(n, 3);
    }
    let (fault, n) = meets(Answer::Whole(429, "Retry-After: 2\r\n", String::new())).await;
    assert_eq!((fault.retry_after_s(), n), (Some(2.0), 3));
    let (fault, n) = meets(Answer::Drop).await;
    assert!(matches!(fault, F::Dropped { .. }), "{fault}");
    assert_eq!(n, 3);
    let (fault, n) = meets(Answer::Half("{\"choices\":")).await;
    assert!(matches!(fault, F::Dropped { .. }), "{fault}");
    assert_eq!(n, 3);
    let (fault, n) = meets(status(200, "{\"choices\": [{\"mess")).await;
    assert!(
        matches!(&fault, F::NotJson { beginning, .. } if beginning.ends_with("mess")),
        "{fault}"
    );
    assert_eq!(n, 3);
    let (fault, n) = meets(status(200, r#"{"choices": []}"#)).await;
    assert_eq!((fault, n), (F::NoChoices, 3));
    let after_s = 9.0;
    let (fault, n) = meets(Answer::Stall("{\"id\"")).await;
    let came = Came::Body(5);
    assert_eq!((fault, n), (F::Late { after_s, came }, 3));
    let (fault, n) = meets(Answer::Never).await;
    let came = Came::Nothing;
    assert_eq!((fault, n), (F::Late { after_s, came }, 3));
}

#[tokio::test(start_paused = true)]
async fn a_reply_without_end_is_cut() {
    let server = Server::answering([ok(&"x".repeat(5000))]).await;
    let mut options = options(&server.url);
    options.most_bytes = 4000;
    let (fault, attempts) = fault(ask(&model(options), 0).await);
    assert_eq!((fault, attempts), (OpenAiFault::Endless { most: 4000 }, 1));
}

#[tokio::test(start_paused = true)]
async fn json_that_is_cut_off_is_a_fault_with_its_tokens() {
    let cut = json!({
        "choices": [{"finish_reason": "length", "message": {"content": "{\"vote\": "}}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100}
    });
    let server = Server::answering([status(200, &cut.to_string())]).await;
    let model = model(options(&server.url));
    let mut asked = request(0);
    asked.schema = Some(Schema::new(&json!({"type": "object"})));
    let error = model.complete(&[asked]).await.remove(0).unwrap_err();
    assert_eq!(error.to_string(), "the reply was cut off at 100 tokens");
    let usage = error.usage();
    assert_eq!((usage.prompt_tokens, usage.completion_tokens), (1000, 100));
    assert!((usage.cost_usd.unwrap() - 0.0035).abs() < 1e-12);
}

#[tokio::test(start_paused = true)]
async fn the_key_is_sent_and_never_shown() {
    let listener = Listener::default();
    let _listens = tracing::subscriber::set_default(listener.clone());
    let echo = format!("you sent {KEY}");
    let answers = [
        status(500, &echo),
        status(200, &echo),
        Answer::Whole(429, "", error("limit", &echo)),
        ok(&echo),
        status(401, &error("invalid_api_key", &echo)),
    ];
    let server = Server::answering(answers).await;
    let options = options(&server.url);
    let shown = format!("{options:?}");
    let model = model(options);
    let answered = ask(&model, 0).await;
    let failed = ask(&model, 1).await;
    let requests = server.requests();
    assert_eq!(requests.len(), 5);
    let header = format!("authorization: bearer {KEY}");
    assert!(
        requests
            .iter()
            .all(|request| request.to_lowercase().contains(&header))
    );
    assert_eq!(answered.clone().unwrap().text, "you sent ***");
    let mut shown = format!(
        "{shown} {answered:?} {failed:?} {}",
        failed.clone().unwrap_err()
    );
    for record in [lines(&model, 0, answered), lines(&model, 1, failed)].concat() {
        shown += &record.to_line().unwrap();
        shown += &format!("{record:?}");
    }
    assert!(shown.contains("you sent ***"));
    let heard = listener.heard();
    assert!(heard.contains("asking again"), "{heard}");
    shown += &heard;
    assert!(!shown.contains(&KEY[3..]), "{shown}");
}
