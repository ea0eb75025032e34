//! The protocol of AgentClinic over its cases, where the data is.

use std::path::{Path, PathBuf};

use rounds_tests::loopback::{Loopback, Settings};

use super::command::{done, model, summary};

#[test]
fn agentclinic_cases_are_played_by_a_doctor_and_a_moderator_behind_a_server() {
    let shared = std::env::var_os("ROUNDS_SHARED_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let cases = shared.join("agentclinic/agentclinic_medqa.jsonl");
    if !cases.exists() {
        println!("skipped: {} is not there", cases.display());
        return;
    }
    let server = Loopback::start(Settings::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let said = done(&[
        "run",
        "scenarios/consultation.toml",
        "--quiet",
        "--model",
        &model(&server),
        "--set",
        &format!("environment.patients.agentclinic={}", cases.display()),
        "--set",
        "agents.team.moderator=\"model\"",
        "--out",
        out.to_str().unwrap(),
    ]);
    let left = summary(&out);
    let episodes = &left["episodes"];
    assert!(episodes["asked"].as_u64().unwrap() >= 100, "{episodes}");
    assert_eq!(episodes["done"], episodes["asked"], "{said}");
    let metric = |name: &str| left["arms"][0]["metrics"][name]["mean"].as_f64();
    assert!(metric("questions").is_some_and(|mean| mean > 0.0), "{left}");
    assert!(said.contains("not for clinical use"), "{said}");
    let requests = server.counts().requests;
    assert_eq!(left["calls"]["count"].as_u64(), Some(requests));
    println!("{episodes}, {requests} calls\n{said}");
}
