//! Faults of a server: every visit is accounted for, with a typed reason where it failed, and
//! nothing is paid twice.

use std::collections::{BTreeMap, BTreeSet};

use rounds_tests::episodes;
use rounds_tests::loopback::{Fault, FaultPlan, Loopback, Settings};

use super::ward::{calls, run, spoken_by};

const VISITS: usize = 1000;

/// What comes of a fault.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Comes {
    /// Another attempt of the same request.
    Attempt,
    /// The reply is read all the same, or asked for again.
    Reply,
}

fn comes(fault: Fault) -> Comes {
    match fault {
        Fault::TooManyRequests
        | Fault::TooManyRequestsDate
        | Fault::ServerError
        | Fault::Unavailable
        | Fault::DropBefore
        | Fault::DropMiddle
        | Fault::SlowBody
        | Fault::EmptyChoices => Comes::Attempt,
        _ => Comes::Reply,
    }
}

/// Runs 1000 visits under faults at these rates.
fn visits(rates: &[(Fault, f64)]) {
    let names: Vec<&str> = rates.iter().map(|(fault, _)| fault.name()).collect();
    let names = names.join(", ");
    let server = Loopback::start(Settings {
        faults: FaultPlan {
            rates: rates.to_vec(),
            ..FaultPlan::default()
        },
        retry_after_s: 0,
        slow_body_ms: 600,
        keep: 200_000,
        ..Settings::default()
    })
    .unwrap();
    let experiment = spoken_by(
        &server,
        "scenarios/ward-language.toml",
        &[
            &format!("episodes={VISITS}"),
            "limits.rounds=1",
            "limits.in_flight=256",
            "agents.team.max_members=3",
            "models.clinician.concurrency=256",
            "models.clinician.timeout_s=0.3",
            "models.clinician.first_pause_s=0.001",
            "models.clinician.send_call_key=true",
        ],
    );
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    run(&experiment, &out);

    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    for episode in episodes(&out) {
        let end = episode.events.last().unwrap();
        assert_eq!(end.kind, "ended", "{names}");
        let outcome = end.text("outcome").unwrap();
        if outcome != "done" {
            let reason = end.text("reason").unwrap();
            let kinds = ["model call failed (", "policy returned garbage: "];
            let typed = kinds.iter().any(|kind| reason.starts_with(kind));
            assert!(typed, "{names}: {reason}");
        }
        *ends.entry(outcome.to_owned()).or_default() += 1;
    }
    assert_eq!(ends.values().sum::<usize>(), VISITS, "{names}: {ends:?}");

    let calls = calls(&out);
    let attempts: BTreeSet<_> = calls.iter().map(|call| (&call.key, call.retry)).collect();
    assert_eq!(
        attempts.len(),
        calls.len(),
        "{names}: an attempt stands twice"
    );
    // Each attempt is one line, and each line one request of the server.
    let counts = server.counts();
    assert_eq!(counts.requests, calls.len() as u64, "{names}");
    let met = rates.iter().map(|(fault, _)| counts.faults.get(fault));
    assert!(met.flatten().sum::<u64>() > 0, "{names}: no fault was met");
    // Once a reply was delivered, the same request is never asked again.
    let mut delivered: BTreeMap<String, u32> = BTreeMap::new();
    for seen in server.seen() {
        let whole = seen.status == Some(200);
        if whole && seen.fault.is_none_or(|fault| comes(fault) == Comes::Reply) {
            *delivered.entry(seen.call).or_default() += 1;
        }
    }
    let twice = delivered.iter().find(|(_, count)| **count > 1);
    assert_eq!(twice, None, "{names}: paid twice");
    let faults: u64 = calls.iter().filter(|call| call.error.is_some()).count() as u64;
    let malformed: usize = episodes(&out)
        .iter()
        .flat_map(|episode| &episode.events)
        .filter(|event| event.kind == "malformed_reply")
        .count();
    println!(
        "{names}: {ends:?}, {} calls, {faults} without a reply, {malformed} malformed",
        calls.len()
    );
}

#[test]
fn every_kind_of_fault_leaves_every_visit_accounted_for() {
    for fault in Fault::ALL {
        visits(&[(fault, 0.1)]);
    }
}

#[test]
fn all_kinds_together_leave_every_visit_accounted_for() {
    visits(&Fault::ALL.map(|fault| (fault, 0.02)));
}
