//! Plans of runs whose model is behind a server: what they say is what the runs then take.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at what cannot be, and says its figures"
)]

use std::path::Path;

use rounds::clinic::build;
use rounds::models::ScriptedRules;
use rounds::plan::{
    ArmPlan, Assumptions, Basis, CharsPerToken, Ledger, Manner, Sample, plan_arm, rehearse,
    stand_in,
};
use rounds::run::{ExecuteOptions, execute};
use rounds::schema::{ModelChoice, Overrides, Scenario, ScenarioSet};
use rounds::speech::{Cassette, StandIn};
use rounds_tests::loopback::{Loopback, Settings};
use rounds_tests::project_file;

/// Most that calls or tokens may differ from the plan, as a share of what they were.
const TOLERANCE: f64 = 0.2;
/// The same for tokens where a stand-in gives the expectation: how long the replies of a server are,
/// and with them all later prompts, is not known before one has come.
const UNHEARD: f64 = 0.5;

fn load(server: &Loopback, file: &str, set: &[&str]) -> ScenarioSet {
    let overrides = Overrides {
        set: set.iter().map(|text| (*text).to_owned()).collect(),
        model: Some(ModelChoice {
            model: format!("{}#loopback", server.base_url()),
            key_env: None,
        }),
        ..Overrides::default()
    };
    Scenario::load(&project_file(file), &overrides).unwrap()
}

fn run(set: &ScenarioSet, out: &Path) -> Ledger {
    let cassette = Cassette {
        live: true,
        ..Cassette::default()
    };
    let built = build(set, &set.arms[0], &cassette).unwrap();
    let options = ExecuteOptions {
        out: out.to_owned(),
        resume: false,
        jobs: 1,
    };
    execute(&built.experiment, &options, &mut |_, _| {}).unwrap();
    Ledger::read(out).unwrap()
}

fn assumed(sample: u32, chars_per_token: Option<CharsPerToken>) -> Assumptions {
    Assumptions {
        sample,
        chars_per_token,
        latency_s: None,
        concurrency: None,
    }
}

fn held(plan: &ArmPlan, took: &Sample) {
    let n = took.episodes.len() as f64;
    let tokens = plan.prompt_tokens.expected + plan.completion_tokens.expected;
    let took_calls = n * took.mean(|used| used.calls);
    for (name, planned, took) in [
        ("calls", plan.calls.expected, took_calls),
        (
            "tokens",
            tokens,
            n * took.mean(|used| used.prompt_tokens + used.completion_tokens),
        ),
    ] {
        println!("{name}: {planned:.0} planned, {took:.0} taken");
        let most = match plan.basis {
            Basis::StandIn { .. } if name == "tokens" => UNHEARD,
            _ => TOLERANCE,
        };
        assert!(
            (planned - took).abs() / took <= most,
            "{name}: {planned} planned, {took} taken"
        );
    }
    for amount in [
        plan.calls,
        plan.prompt_tokens,
        plan.completion_tokens,
        plan.seconds,
    ] {
        assert!(amount.least <= amount.expected && amount.expected <= amount.most);
    }
    assert!(
        plan.calls.least <= took_calls && took_calls <= plan.calls.most,
        "{:?}",
        plan.calls
    );
}

#[test]
fn a_consultation_is_planned_before_anything_was_asked() {
    let other_server = Loopback::start(Settings::default()).unwrap();
    // A doctor who asks as long as there are turns.
    let asks = "name = \"loopback\"\ndefault = \"Since when have you been unwell?\"\n";
    let server = Loopback::start(Settings {
        script: Some(ScriptedRules::from_toml(asks).unwrap()),
        ..Settings::default()
    })
    .unwrap();
    let set = load(&server, "tests/scripts/consultation.toml", &["episodes=30"]);
    // How long a token of this server is, by a few visits of another scenario.
    let other = load(
        &other_server,
        "scenarios/ward-language.toml",
        &["episodes=4"],
    );
    let folder = tempfile::tempdir().unwrap();
    let chars = run(&other, &folder.path().join("other"))
        .sample
        .chars_per_token();
    let plan = plan_arm(&set, &set.arms[0], None, &assumed(10, chars)).unwrap();
    assert!(matches!(plan.basis, Basis::StandIn { episodes: 10, .. }));
    assert!(
        plan.usd.is_none(),
        "nobody knows the price of the loopback model"
    );
    assert_eq!(server.counts().requests, 0, "nothing was asked");
    let took = run(&set, &folder.path().join("run"));
    held(&plan, &took.sample);
}

#[test]
fn a_consultation_that_ends_early_is_planned_by_a_pilot() {
    let server = Loopback::start(Settings::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let with = |seed| {
        let set = ["episodes=200", seed];
        load(&server, "tests/scripts/consultation.toml", &set)
    };
    let pilot = run(&with("seed=99"), &folder.path().join("pilot"));
    let set = with("seed=5");
    let plan = plan_arm(&set, &set.arms[0], Some(&pilot), &assumed(10, None)).unwrap();
    assert!(
        plan.notes
            .iter()
            .all(|note| !note.contains("other settings")),
        "{:?}",
        plan.notes
    );
    held(&plan, &run(&set, &folder.path().join("run")).sample);
}

#[test]
fn a_dynamic_team_and_a_lone_doctor_are_planned_by_a_pilot() {
    let server = Loopback::start(Settings::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (name, kind) in [
        ("team", "agents.team.kind=\"dynamic\""),
        ("solo", "agents.team.kind=\"generalist\""),
    ] {
        let with = |episodes, seed| {
            load(
                &server,
                "scenarios/ward-language.toml",
                &[kind, episodes, seed],
            )
        };
        let pilot = with("episodes=60", "seed=21");
        let ledger = run(&pilot, &folder.path().join(format!("{name}-pilot")));
        let set = with("episodes=60", "seed=22");
        let plan = plan_arm(&set, &set.arms[0], Some(&ledger), &assumed(4, None)).unwrap();
        assert!(matches!(plan.basis, Basis::Ledger { episodes: 60, .. }));
        let chars = ledger.sample.chars_per_token().unwrap();
        assert!((3.0..12.0).contains(&chars.prompt), "{chars:?}");
        held(&plan, &run(&set, &folder.path().join(name)).sample);
    }
}

#[test]
fn the_most_calls_of_a_visit_are_those_of_the_protocol() {
    let server = Loopback::start(Settings::default()).unwrap();
    let set = load(
        &server,
        "scenarios/ward-language.toml",
        &[
            "limits.rounds=10",
            "agents.team.max_members=5",
            "agents.team.triage=5",
        ],
    );
    let calls = |manner| {
        let instead = StandIn(stand_in(manner));
        let played = rehearse(&set, &set.arms[0], Some(instead), 3).unwrap();
        assert!(played.failed.is_empty(), "{:?}", played.failed);
        Sample::of(played.calls, played.episodes, None).bounds(|used| used.calls)
    };
    // Triage, then in each of 10 rounds five proposals, each with four votes, and a coordinator,
    // then the forced answer; where an answer is a choice from what is known, it costs no call.
    let most = 1.0 + 10.0 * (5.0 + 20.0 + 1.0) + 25.0;
    assert_eq!(calls(Manner::Thorough), [most, most]);
    // Triage, confidence, list.
    assert_eq!(calls(Manner::Hasty), [3.0, 3.0]);
    let usual = calls(Manner::Usual);
    assert!(3.0 < usual[0] && usual[1] < most, "{usual:?}");
}
