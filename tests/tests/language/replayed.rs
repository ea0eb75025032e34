//! A run once more without its server, and a server that dies in the middle.

use std::path::Path;
use std::time::Duration;

use rounds_models::Delay;
use rounds_tests::loopback::{Loopback, Settings};

use super::command::{done, model, rounds, summary};
use super::ward::calls;

const WARD: &str = "scenarios/ward-language.toml";

fn events(run: &Path) -> Vec<u8> {
    std::fs::read(run.join("events.jsonl")).unwrap()
}

#[test]
fn a_replay_without_the_server_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    let server = Loopback::start(Settings::default()).unwrap();
    let url = model(&server);
    let out = first.to_str().unwrap();
    done(&["run", WARD, "--quiet", "--model", &url, "--out", out]);
    drop(server);
    let ended = summary(&first);
    assert_eq!(ended["episodes"]["done"], 50, "{ended}");
    let ledger = first.join("calls.jsonl");
    done(&[
        "run",
        WARD,
        "--quiet",
        "--model",
        &url,
        "--replay",
        ledger.to_str().unwrap(),
        "--out",
        second.to_str().unwrap(),
    ]);
    assert!(events(&first) == events(&second));
    let again = summary(&second);
    assert_eq!(again["calls"]["cache_hits"], again["calls"]["count"]);
    assert_eq!(again["calls"]["count"], ended["calls"]["count"]);
}

#[test]
fn what_a_dying_server_failed_goes_on_when_it_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let cut = folder.path().join("cut");
    let settings = |port| Settings {
        port,
        latency: Some(Delay { lo_ms: 5, hi_ms: 5 }),
        ..Settings::default()
    };
    let server = Loopback::start(settings(0)).unwrap();
    let url = model(&server);
    let run = |place: [&str; 2]| {
        let set = [
            "run",
            WARD,
            "--quiet",
            "--model",
            &url,
            "--set",
            "models.clinician.attempts=2",
            "--set",
            "models.clinician.first_pause_s=0.01",
        ];
        rounds(&[&set[..], &place[..]].concat())
    };
    let output = run(["--out", whole.to_str().unwrap()]).output().unwrap();
    assert!(output.status.success());
    let before = server.counts().requests;
    let mut running = run(["--out", cut.to_str().unwrap()]).spawn().unwrap();
    while server.counts().requests < before + 200 {
        assert!(running.try_wait().unwrap().is_none(), "it ended too early");
        std::thread::yield_now();
    }
    let port = server.address().port();
    drop(server);
    assert!(running.wait().unwrap().success());
    let ended = summary(&cut);
    let failed = ended["episodes"]["failed"].as_u64().unwrap();
    assert!(failed > 0, "{ended}");
    assert_eq!(ended["episodes"]["asked"], 50);
    let kinds = ended["calls"]["faults"].as_object().unwrap();
    let passing = ["unreachable", "dropped"];
    assert!(
        kinds.keys().all(|kind| passing.contains(&kind.as_str())),
        "{ended}"
    );

    let server = started_again(|| settings(port));
    let resumed = run(["--resume", cut.to_str().unwrap()]).output().unwrap();
    assert!(resumed.status.success());
    drop(server);
    assert_eq!(summary(&cut)["episodes"]["done"], 50);
    assert!(events(&whole) == events(&cut));
    // What had a reply before was not asked again: it stands once.
    let with_reply = |run: &Path| {
        let calls = calls(run).into_iter();
        let replied: Vec<_> = calls.filter(|call| call.reply.is_some()).collect();
        replied
            .into_iter()
            .map(|call| (call.key, call.reply))
            .collect::<Vec<_>>()
    };
    assert_eq!(with_reply(&whole), with_reply(&cut));
}

/// A server on a port that the system may still hold.
fn started_again(settings: impl Fn() -> Settings) -> Loopback {
    for _ in 0..100 {
        if let Ok(server) = Loopback::start(settings()) {
            return server;
        }
        // The port of the server before is given back within moments.
        std::thread::park_timeout(Duration::from_millis(50));
    }
    panic!("the port is not free again");
}
