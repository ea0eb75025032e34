//! Whole visits with scripted agents, through the real engine.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at what cannot be, and says what it read"
)]

use std::path::PathBuf;
use std::sync::Arc;

use rounds::agents::clinic::{Clinic, ClinicPlugin, Coordination, PatientSource, VisitConfig};
use rounds::agents::engine::{Engine, EngineError, EngineOptions, FinishedEpisode, RunSink};
use rounds::clinic::VisitScore;
use rounds::environments::clinic::dialogue::Question;
use rounds::environments::clinic::knowledge::{Knowledge, KnowledgePatient, Noise};
use rounds::environments::clinic::patient::Patient;
use rounds::environments::environment::EnvironmentError;
use rounds::environments::ids::EpisodeIx;
use rounds::environments::streams::RunSeed;
use rounds::models::CallRecord;
use rounds::policies::clinic::reading::{Fidelity, read_vote};
use rounds::policies::clinic::task::{
    Action, Content, Diagnosis, Observation, Proposal, Speciality, Task,
};
use rounds::policies::policy::{Ask, Decider, Policy, PolicyError};
use rounds::run::{Episode, EventLine, Score};
use serde_json::{Value, json};

struct Scripted {
    script: Value,
    fidelity: Fidelity,
}

impl Scripted {
    fn decide_one(&self, ask: &Ask<Observation>) -> Action {
        let seen = &ask.observation;
        let round = &self.script["rounds"][(ask.key.round.0 as usize).max(1) - 1];
        let name = match &seen.speciality {
            Speciality::Named(name) => name.to_string(),
            other => format!("{other:?}"),
        };
        let team = |list: &Value| {
            Action::Team(
                list.as_array()
                    .unwrap()
                    .iter()
                    .map(|v| Speciality::Named(v.as_str().unwrap().into()))
                    .collect(),
            )
        };
        let proposal = |what: &Value, key: String| {
            let content = match what["type"].as_str() {
                Some("question") => {
                    Content::Question(Question::Text(format!("{name} asks in {key}").into()))
                }
                _ => Content::Diagnoses(vec![Diagnosis::Named(name.as_str().into())]),
            };
            let confidence = what["confidence"].as_f64().unwrap_or(3.0);
            Action::Proposal(Some(Proposal {
                content,
                confidence,
                rationale: key.into(),
            }))
        };
        match &seen.task {
            Task::Triage { .. } => team(&self.script["triage"]),
            Task::Coordinate { .. } => team(&round["central"]),
            Task::Confidence => {
                Action::Confidence(round["solo_confidence"].as_u64().map(|level| level as u8))
            }
            Task::Solo { diagnose } => {
                let kind = if *diagnose { "diagnosis" } else { "question" };
                proposal(&json!({"type": kind}), "solo".to_owned())
            }
            Task::Propose { forced } => {
                let block = if *forced {
                    &self.script["forced"]
                } else {
                    round
                };
                proposal(&block["proposals"][&name], format!("{forced}:{name}"))
            }
            Task::Vote { proposal } => {
                let (forced, proposer) = proposal.rationale.split_once(':').unwrap();
                let block = if forced == "true" {
                    &self.script["forced"]
                } else {
                    round
                };
                let text = block["votes"][proposer][&name].as_str().unwrap();
                Action::Vote(read_vote(text, self.fidelity))
            }
        }
    }
}

impl Policy<Observation, Action> for Scripted {
    fn decide(
        &self,
        _: RunSeed,
        batch: &[Ask<Observation>],
    ) -> Result<Vec<Result<Action, PolicyError>>, PolicyError> {
        Ok(batch.iter().map(|ask| Ok(self.decide_one(ask))).collect())
    }
}

struct Patients;

impl PatientSource for Patients {
    fn patient(
        &self,
        seed: RunSeed,
        episode: EpisodeIx,
    ) -> Result<Box<dyn Patient>, EnvironmentError> {
        Ok(Box::new(KnowledgePatient::draw(
            Knowledge::builtin(),
            seed,
            episode,
            Noise::default(),
        )))
    }
}

#[derive(Default)]
struct Kept(Vec<FinishedEpisode>);

impl RunSink for Kept {
    fn finished(&mut self, episode: FinishedEpisode) -> Result<(), EngineError> {
        self.0.push(episode);
        Ok(())
    }

    fn calls(&mut self, _: Vec<CallRecord>) -> Result<(), EngineError> {
        Ok(())
    }
}

fn visit(script: &Value, max_rounds: u32, fidelity: Fidelity) -> Episode {
    let clinic = Clinic {
        knowledge: Knowledge::builtin(),
        patients: Arc::new(Patients),
        visit: VisitConfig {
            coordination: Coordination::Dynamic,
            triage: 5,
            max_rounds,
            ..VisitConfig::default()
        },
        timeline: Arc::new([]),
        cast: Arc::default(),
    };
    let policy = Scripted {
        script: script.clone(),
        fidelity,
    };
    let plugin = ClinicPlugin {
        clinic,
        protocol: Decider::Direct(Arc::new(policy)).into(),
    };
    let options = EngineOptions {
        seed: RunSeed(1),
        in_flight: 1,
        log: true,
    };
    let mut kept = Kept::default();
    Engine::new(options, plugin)
        .unwrap()
        .run(&mut (0..1).map(EpisodeIx), &mut kept)
        .unwrap();
    let lines = String::from_utf8(kept.0.remove(0).events).unwrap();
    Episode {
        episode: 0,
        events: lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    }
}

/// The steps of a visit in the words of the vectors.
fn steps(events: &[EventLine]) -> Vec<String> {
    let mut steps = Vec::new();
    let mut solo = false;
    for event in events {
        let r = event.round;
        let chosen = |steps: &mut Vec<String>, solo: bool| {
            if solo {
                steps.push(format!("r{r}:solo"));
            } else {
                let how = if event.fields["consensus"] == json!(true) {
                    "consensus"
                } else {
                    "fallback"
                };
                steps.push(format!("r{r}:panel:{}:{how}", event.agent));
            }
        };
        match event.kind.as_str() {
            "introduced" => steps.push("intro".to_owned()),
            "triaged" => steps.push("triage".to_owned()),
            "confident" => {
                solo = true;
                steps.push(format!("r{r}:confidence"));
            }
            "asked" => chosen(&mut steps, solo),
            "answered" => {
                solo = false;
                steps.push(format!("r{r}:answer"));
            }
            "coordinated" => steps.push(format!("r{r}:central")),
            "diagnosed" if event.fields["forced"] == json!(true) => steps.push("forced".to_owned()),
            "diagnosed" => {
                chosen(&mut steps, solo);
                steps.push("stop".to_owned());
            }
            _ => {}
        }
    }
    steps
}

#[test]
fn golden_visit_loop() {
    let file = match std::env::var_os("ROUNDS_GOLDEN") {
        Some(folder) => PathBuf::from(folder).join("dynamicare/visit_loop.json"),
        None => PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/golden/dynamicare/visit_loop.json"
        )),
    };
    if std::env::var_os("ROUNDS_GOLDEN").is_some() && !file.exists() {
        println!("skipped: {} is not there", file.display());
        return;
    }
    let vectors: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for (number, case) in cases.iter().enumerate() {
        let max_rounds = case["max_rounds"].as_u64().unwrap() as u32;
        for (name, fidelity) in [
            ("strict", Fidelity::Strict),
            ("as_published", Fidelity::AsPublished),
        ] {
            let expected = &case[name];
            let episode = visit(&case["script"], max_rounds, fidelity);
            assert_eq!(
                json!(steps(&episode.events)),
                expected["events"],
                "case {number} {name}"
            );
            let last = |kinds: &[&str]| {
                episode
                    .events
                    .iter()
                    .rev()
                    .find(|e| kinds.contains(&e.kind.as_str()))
                    .unwrap()
            };
            let diagnosed = last(&["diagnosed"]);
            let forced = diagnosed.fields["forced"] == json!(true);
            assert_eq!(
                json!(i32::from(!forced)),
                expected["status"],
                "case {number} {name}"
            );
            assert_eq!(
                json!(diagnosed.agent),
                expected["final"]["by"],
                "case {number} {name}"
            );
            assert_eq!(
                json!(diagnosed.round),
                expected["rounds_used"],
                "case {number} {name}"
            );
            assert_eq!(
                last(&["triaged", "coordinated"]).fields["team"],
                expected["final_team"],
                "case {number} {name}"
            );
            let scored = VisitScore::default().score(&episode);
            let calls = scored.row.metrics["calls"].unwrap();
            assert_eq!(
                calls,
                expected["doctor_side_calls_plus_intro"].as_f64().unwrap(),
                "case {number} {name}"
            );
        }
    }
    println!("read {} cases, both fidelities", cases.len());
}
