//! Whole visits on the DDXPlus-derived base, on one core: how fast, what the engine adds to a
//! plain loop over the same policy, and how much memory visits in flight take.
//!
//! `cargo bench -p rounds-tests --bench visits`
//!
//! Plain lines rather than a sampling harness: one run is seconds long. Engine and loop take
//! turns, the least processor time of each counts, and both must come to the same diagnoses.
#![expect(clippy::print_stdout, reason = "the figures are for people")]

#[path = "../measure/mod.rs"]
mod measure;
mod plain;

use std::ffi::OsStr;
use std::sync::Arc;

use measure::{Took, timed};
use plain::{Ended, Ward};
use rounds::agents::clinic::{Clinic, ClinicPlugin, Coordination, PatientSource, VisitConfig};
use rounds::agents::engine::{
    Engine, EngineError, EngineOptions, FinishedEpisode, Outcome, RunSink,
};
use rounds::environments::clinic::knowledge::{Knowledge, KnowledgePatient, Noise};
use rounds::environments::clinic::patient::Patient;
use rounds::environments::environment::EnvironmentError;
use rounds::environments::ids::EpisodeIx;
use rounds::environments::streams::RunSeed;
use rounds::models::CallRecord;
use rounds::policies::clinic::knowledge_based::{KnowledgeClinician, KnowledgeConfig};
use rounds::policies::clinic::task::Speciality;
use rounds::policies::policy::Decider;
use rounds::run::EventLine;

const SEED: RunSeed = RunSeed(7);
const VISITS: u32 = 10_000;
/// Episodes in flight in one world: what scenarios have when they say nothing.
const IN_FLIGHT: usize = 256;
/// How often each variant is run.
const TURNS: usize = 5;
/// Asks for the memory measurement of a team, in a process of its own.
const MEMORY: &str = "memory-of";

fn main() {
    let Some(knowledge) = measure::ddxplus() else {
        return;
    };
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == MEMORY) {
        in_flight(&knowledge, arguments.get(at + 1).map_or("", String::as_str));
        return;
    }
    println!(
        "{VISITS} visits, base of {} x {}, at most 10 questions, one core",
        knowledge.conditions().len(),
        knowledge.findings().len()
    );
    for team in ["generalist", "dynamic"] {
        compare(team, &ward(&knowledge, team));
    }
    for team in ["generalist", "dynamic"] {
        measure::in_fresh_process(&[OsStr::new(MEMORY), OsStr::new(team)]);
    }
}

fn ward(knowledge: &Arc<Knowledge>, team: &str) -> Ward {
    let rules = match team {
        "dynamic" => VisitConfig::default(),
        _ => VisitConfig {
            coordination: Coordination::Given,
            given: vec![Speciality::Generalist],
            ..VisitConfig::default()
        },
    };
    let policy = KnowledgeClinician::new(Arc::clone(knowledge), KnowledgeConfig::default())
        .expect("the defaults are in range");
    Ward {
        knowledge: Arc::clone(knowledge),
        policy: Arc::new(policy),
        rules,
        seed: SEED,
    }
}

fn compare(team: &str, ward: &Ward) {
    let mut best: [Option<Took>; 3] = [None; 3];
    let mut keep = |slot: usize, took: Took| {
        let best = &mut best[slot];
        if best.is_none_or(|best| took.cpu < best.cpu) {
            *best = Some(took);
        }
    };
    for turn in 0..TURNS {
        let (plain, took) = timed(|| {
            (0..VISITS)
                .map(|ix| ward.visit(EpisodeIx(ix)))
                .collect::<Vec<_>>()
        });
        keep(0, took);
        let (silent, took) = timed(|| engine_run(ward, IN_FLIGHT, false));
        keep(1, took);
        let (logged, took) = timed(|| engine_run(ward, IN_FLIGHT, true));
        keep(2, took);
        assert_eq!(silent.episodes.len(), VISITS as usize);
        if turn == 0 {
            same_diagnoses(&ward.knowledge, &plain, &logged.episodes);
            let questions: u32 = plain.iter().map(|ended| ended.questions).sum();
            println!(
                "{team}: {:.2} questions a visit, the same diagnoses from loop and engine",
                f64::from(questions) / f64::from(VISITS)
            );
        }
    }
    let base = best[0].map_or(f64::NAN, |took| took.cpu.as_secs_f64());
    for (name, took) in ["plain loop", "engine, log off", "engine, log on"]
        .iter()
        .zip(best)
    {
        if let Some(took) = took {
            let cpu = took.cpu.as_secs_f64();
            println!(
                "  {name:<16} {cpu:.3} s CPU, {:.3} s wall, {:.1} us a visit, ratio {:.2}",
                took.wall.as_secs_f64(),
                cpu * 1e6 / f64::from(VISITS),
                cpu / base
            );
        }
    }
}

/// Draws the patient of each episode.
struct Drawn(Arc<Knowledge>);

impl PatientSource for Drawn {
    fn patient(
        &self,
        seed: RunSeed,
        episode: EpisodeIx,
    ) -> Result<Box<dyn Patient>, EnvironmentError> {
        Ok(Box::new(KnowledgePatient::draw(
            Arc::clone(&self.0),
            seed,
            episode,
            Noise::default(),
        )))
    }
}

#[derive(Default)]
struct Kept {
    episodes: Vec<FinishedEpisode>,
}

impl RunSink for Kept {
    fn finished(&mut self, episode: FinishedEpisode) -> Result<(), EngineError> {
        assert_eq!(episode.outcome, Outcome::Done);
        self.episodes.push(episode);
        Ok(())
    }

    fn calls(&mut self, _: Vec<CallRecord>) -> Result<(), EngineError> {
        Ok(())
    }
}

fn engine_run(ward: &Ward, in_flight: usize, log: bool) -> Kept {
    let clinic = Clinic {
        knowledge: Arc::clone(&ward.knowledge),
        patients: Arc::new(Drawn(Arc::clone(&ward.knowledge))),
        visit: ward.rules.clone(),
        timeline: Arc::new([]),
        cast: Arc::default(),
    };
    let family = ClinicPlugin {
        clinic,
        protocol: Decider::Direct(Arc::clone(&ward.policy)).into(),
    };
    let options = EngineOptions {
        seed: ward.seed,
        in_flight,
        log,
    };
    let mut engine = Engine::new(options, family).expect("the schedule can be built");
    let mut kept = Kept::default();
    engine
        .run(&mut (0..VISITS).map(EpisodeIx), &mut kept)
        .expect("every visit can move");
    kept
}

fn same_diagnoses(knowledge: &Knowledge, plain: &[Ended], logged: &[FinishedEpisode]) {
    assert_eq!(plain.len(), logged.len());
    for episode in logged {
        let ended = &plain[episode.ix.0 as usize];
        let text = std::str::from_utf8(&episode.events).expect("events are text");
        let events: Vec<EventLine> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("events are JSON"))
            .collect();
        let asked = events.iter().filter(|event| event.kind == "asked").count();
        assert_eq!(asked, ended.questions as usize, "episode {}", episode.ix);
        let diagnosed = events.iter().find(|event| event.kind == "diagnosed");
        let list = diagnosed.and_then(|event| event.fields["list"].as_array());
        let named: Vec<_> = list
            .expect("every visit ends with a list")
            .iter()
            .filter_map(|entry| entry["name"].as_str())
            .collect();
        let expected: Vec<_> = ended
            .list
            .iter()
            .map(|d| knowledge.condition(*d).name.as_str())
            .collect();
        assert_eq!(named, expected, "episode {}", episode.ix);
    }
}

/// All visits at once in one world, their events kept; tells the memory of the whole process.
fn in_flight(knowledge: &Arc<Knowledge>, team: &str) {
    let ward = ward(knowledge, team);
    let (kept, took) = timed(|| engine_run(&ward, VISITS as usize, true));
    let events: usize = kept
        .episodes
        .iter()
        .map(|episode| episode.events.len())
        .sum();
    let peak = measure::peak_memory_mb()
        .map_or_else(|| "unknown here".to_owned(), |mb| format!("{mb:.0} MB"));
    println!(
        "{team}: {VISITS} visits in flight in one world: peak memory {peak}, of which {:.0} MB \
         are events, {:.2} s CPU",
        events as f64 / 1e6,
        took.cpu.as_secs_f64()
    );
}
