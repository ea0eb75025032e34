//! Programs that behave, and programs that do not.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_models::{
    CallKey, Finished, Message, ModelError, ModelRequest, ModelServer, ProcessFault, ProcessModel,
    ProcessOptions,
};

/// Longer than any of these programs needs.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads the greeting, then answers every line with `answer`, where `$id` is the batch and `$n`
/// counts the lines of this start from 1.
fn program(answer: &str) -> String {
    format!(
        "read hello; n=0; while read line; do id=${{line#*:}}; id=${{id%%,*}}; n=$((n+1)); {answer}; done"
    )
}

const GOOD: &str = r#"echo "{\"batch\":$id,\"decisions\":[{\"n\":$n}]}""#;

fn options(script: &str, keep: &Path) -> ProcessOptions {
    ProcessOptions {
        name: "mine".to_owned(),
        command: vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()],
        folder: keep.to_owned(),
        hello: "{}".to_owned(),
        deadline: Duration::from_secs(10),
        restarts: 2,
        processes: 1,
        batch: 1,
        keep: Some(keep.join("kept")),
    }
}

fn request(number: u32) -> ModelRequest {
    ModelRequest {
        key: CallKey {
            episode: EpisodeIx(0),
            agent: AgentId(0),
            round: RoundIx(0),
            purpose: Cow::Borrowed("solo"),
            number,
            attempt: 0,
        },
        messages: vec![Message::new("user", format!("{{\"number\":{number}}}"))],
        schema: None,
        temperature: 0.0,
        max_tokens: 0,
        seed: 0,
    }
}

struct Asked {
    server: ModelServer,
    model: Arc<ProcessModel>,
    replies: Receiver<Finished>,
    send: std::sync::mpsc::Sender<Finished>,
}

impl Asked {
    fn new(options: ProcessOptions) -> Self {
        let sizes = options.server();
        let model = Arc::new(ProcessModel::new(options).unwrap());
        let (send, replies) = channel();
        Self {
            server: ModelServer::start(model.clone(), sizes),
            model,
            replies,
            send,
        }
    }

    fn ask(&self, number: u32) -> Result<String, ModelError> {
        self.server
            .submit(number.into(), request(number), &self.send)
            .unwrap();
        let finished = self.replies.recv_timeout(PATIENCE).unwrap();
        finished.result.map(|reply| reply.text)
    }
}

/// What comes of one request to a program that always answers like this.
fn fault(answer: &str, change: impl FnOnce(&mut ProcessOptions)) -> (ProcessFault, u32) {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(&program(answer), folder.path());
    change(&mut options);
    let asked = Asked::new(options);
    match asked.ask(0) {
        Err(ModelError::Process { fault, restarts }) => (fault, restarts),
        other => panic!("expected a fault of the process, got {other:?}"),
    }
}

#[test]
fn a_program_answers_batch_after_batch() {
    let folder = tempfile::tempdir().unwrap();
    let asked = Asked::new(options(&program(GOOD), folder.path()));
    for n in 1..20 {
        assert_eq!(asked.ask(n).unwrap(), format!("{{\"n\":{n}}}"));
    }
    assert_eq!(asked.model.restarts(), 0);
}

#[test]
fn bad_answers_have_faults_of_their_own() {
    let says = |text: &str| format!("echo '{text}'");
    assert!(matches!(
        fault(&says("what?"), |_| {}).0,
        ProcessFault::Garbage { got, .. } if got.starts_with("what?")
    ));
    let (wrong, restarts) = fault(&says(r#"{"batch":99,"decisions":[1]}"#), |_| {});
    assert!(matches!(wrong, ProcessFault::WrongBatch { got: 99, .. }));
    assert_eq!(restarts, 1, "it is asked twice");
    for (list, got) in [("", 0), ("1,2", 2)] {
        let answer = format!(r#"echo "{{\"batch\":$id,\"decisions\":[{list}]}}""#);
        let (count, _) = fault(&answer, |_| {});
        assert!(matches!(count, ProcessFault::Count { expected: 1, got: n, .. } if n == got));
    }
    assert!(matches!(
        fault("tr '\\0' y </dev/zero", |_| {}).0,
        ProcessFault::Endless { .. }
    ));
    assert!(matches!(
        fault("sleep 100", |o| o.deadline = Duration::from_millis(200)).0,
        ProcessFault::Late { .. }
    ));
}

#[test]
fn the_death_of_a_program_comes_with_its_last_words() {
    let (ended, _) = fault("echo oh no >&2; exit 3", |_| {});
    let ProcessFault::Ended { how, said } = ended else {
        panic!("expected an end, got {ended}");
    };
    assert_eq!(how, "exit status: 3");
    assert_eq!(said.unwrap(), "oh no");
    let (closed, _) = fault("exec >&-; sleep 100", |_| {});
    assert!(closed.to_string().contains("closed its standard output"));
    let (gone, _) = fault("", |o| o.command = vec!["./is-not-there".to_owned()]);
    assert!(matches!(gone, ProcessFault::Start { .. }), "{gone}");
}

#[test]
fn a_second_answer_to_a_batch_is_a_fault_of_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let twice = format!("{GOOD}; test $n = 2 && {GOOD}");
    let asked = Asked::new(options(&program(&twice), folder.path()));
    // Each start answers two questions well and is then found out.
    for n in 0..6 {
        asked.ask(n).unwrap();
    }
    assert_eq!(asked.model.restarts(), 2);
    let kept = std::fs::read_to_string(folder.path().join("kept/restarts.jsonl")).unwrap();
    assert_eq!(kept.lines().count(), 2);
    assert!(
        kept.lines().all(|l| l.contains("was answered twice")),
        "{kept}"
    );
}

#[test]
fn restarts_are_spent_and_then_everything_fails_at_once() {
    let folder = tempfile::tempdir().unwrap();
    // It dies at every third question.
    let mortal = format!("test $n = 3 && exit 1; {GOOD}");
    let asked = Asked::new(options(&program(&mortal), folder.path()));
    let good = (0..6).filter(|&n| asked.ask(n).is_ok()).count();
    assert_eq!((good, asked.model.restarts()), (6, 2));
    for n in 6..20 {
        let error = asked.ask(n).unwrap_err();
        assert!(!error.is_retryable());
        let text = error.to_string();
        assert!(
            text.contains("exit status: 1") && text.contains("started again 2"),
            "{text}"
        );
    }
}

#[test]
fn one_bad_observation_costs_no_other() {
    let folder = tempfile::tempdir().unwrap();
    // Answers a batch by counting its observations; dies of number 5.
    let script = r#"read hello; while read line; do
        case "$line" in *'"number":5}'*) exit 9;; esac
        id=${line#*:}; id=${id%%,*}; rest=$line; list=
        while case "$rest" in *number*) true;; *) false;; esac; do rest=${rest#*number}; list="$list,1"; done
        echo "{\"batch\":$id,\"decisions\":[${list#,}]}"
    done"#;
    let mut options = options(script, folder.path());
    options.batch = 8;
    options.restarts = 3;
    let asked = Asked::new(options);
    for n in 0..8 {
        asked
            .server
            .submit(n.into(), request(n), &asked.send)
            .unwrap();
    }
    let mut failed = Vec::new();
    for _ in 0..8 {
        let finished = asked.replies.recv_timeout(PATIENCE).unwrap();
        if finished.result.is_err() {
            failed.push(finished.ticket);
        }
    }
    assert_eq!(failed, [5]);
    assert!(asked.model.restarts() <= 3);
}

#[test]
fn floods_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let flood = format!("head -c 5000000 /dev/zero | tr '\\0' 'x' >&2; {GOOD}");
    let asked = Asked::new(options(&program(&flood), folder.path()));
    asked.ask(0).unwrap();
    drop(asked);
    let kept = folder.path().join("kept/mine-0.stderr.txt");
    let bytes = std::fs::metadata(kept).unwrap().len();
    assert!((1 << 20..(1 << 20) + 16_384).contains(&bytes), "{bytes}");
    // Lines that nobody asked for end in a fault, never in a hang.
    let script = "while :; do echo '{\"batch\":0,\"decisions\":[1]}'; done";
    let mut options = options(script, folder.path());
    options.hello = format!("{{\"long\":\"{}\"}}", "x".repeat(1 << 20));
    options.restarts = 0;
    let asked = Asked::new(options);
    assert_eq!(asked.ask(0).unwrap(), "1");
    let error = asked.ask(1).unwrap_err();
    // Which of its two faults is seen first is a matter of time.
    let faults = [
        ProcessFault::Twice { batch: 0 },
        ProcessFault::Deaf { batch: 1 },
    ];
    assert!(
        matches!(&error, ModelError::Process { fault, .. } if faults.contains(fault)),
        "{error}"
    );
}

#[test]
fn dropping_the_model_ends_the_program_and_what_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let script = "sleep 300 & echo $! > child; read hello; read line; sleep 300";
    let asked = Asked::new(options(script, folder.path()));
    asked.server.submit(0, request(0), &asked.send).unwrap();
    let file = folder.path().join("child");
    let began = Instant::now();
    let child = loop {
        match std::fs::read_to_string(&file) {
            Ok(text) if text.ends_with('\n') => break text.trim().to_owned(),
            _ => assert!(began.elapsed() < PATIENCE),
        }
        std::thread::yield_now();
    };
    let began = Instant::now();
    drop(asked);
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
    // It is soon gone, or a zombie that its new parent has not waited for: a signal takes a moment to arrive.
    let began = Instant::now();
    loop {
        let stat = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        if stat.is_empty() || stat.contains(") Z") {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "{stat}");
        std::thread::yield_now();
    }
}
