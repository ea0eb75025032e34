mod asked;
mod configurations;
mod deterioration;

use std::sync::Arc;

use rounds_environments::clinic::day::{DayConfig, Staffing};
use rounds_environments::clinic::knowledge::{Knowledge, Noise};
use rounds_environments::coordination::GraphKind;
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::RunSeed;
use rounds_models::CallRecord;
use rounds_policies::clinic_day::BedsideConfig;
use rounds_policies::coordination::{
    Board, CoordinationError, Coordinator, Method, Moment, Oracle, Population, Revealed, Traffic,
};
use serde_json::Value;

use super::{ClinicDayPlugin, DayPlan};
use crate::coordination::{Made, Make, Setting};
use crate::engine::{Engine, EngineError, EngineOptions, FinishedEpisode, Outcome, RunSink};

/// Who chooses: a method by name, or nobody goes anywhere.
type Arm = &'static str;

const NOWHERE: Arm = "nowhere";

struct Stay;

impl Coordinator for Stay {
    fn act(&mut self, _: &Moment<'_>, _: &mut Board) -> Option<u32> {
        None
    }

    fn learn(
        &mut self,
        _: &Moment<'_>,
        _: &Revealed<'_>,
        _: &mut Board,
    ) -> Result<(), CoordinationError> {
        Ok(())
    }
}

fn population(arm: Arm, setting: &Setting<'_>) -> Result<Population, CoordinationError> {
    let (ground, graph) = (setting.ground, setting.graph);
    if let Some(method) = Method::from_name(arm) {
        return method.build(
            ground,
            graph,
            setting.class,
            setting.horizon,
            setting.summary_len,
        );
    }
    let stay = || -> Box<dyn Coordinator> { Box::new(Stay) };
    Ok(Population::Online {
        coordinators: (0..ground.agents()).map(|_| stay()).collect(),
        board: Board::new(ground.agents(), 0, 0, setting.summary_len),
    })
}

fn make(arm: Arm) -> Make {
    Arc::new(move |setting: &Setting<'_>| {
        Ok(Made {
            population: population(arm, setting)?,
            traffic: Traffic::default(),
            lag: 0,
        })
    })
}

fn greedy(setting: &Setting<'_>) -> Result<Box<dyn Oracle>, CoordinationError> {
    match population("greedy", setting)? {
        Population::Oracle(oracle) => Ok(oracle),
        Population::Online { .. } => unreachable!("greedy knows the objective"),
    }
}

fn plan(config: DayConfig) -> DayPlan {
    DayPlan {
        name: String::new(),
        config: Arc::new(config),
        patients: Knowledge::builtin(),
        noise: Noise::default(),
        knowledge: Knowledge::builtin(),
        bedside: BedsideConfig::default(),
        graph: GraphKind::Complete,
        allow_disconnected: false,
        deterioration: None,
    }
}

#[derive(Default)]
struct Sink(Vec<FinishedEpisode>);

impl RunSink for Sink {
    fn finished(&mut self, episode: FinishedEpisode) -> Result<(), EngineError> {
        self.0.push(episode);
        Ok(())
    }

    fn calls(&mut self, _: Vec<CallRecord>) -> Result<(), EngineError> {
        Ok(())
    }
}

fn plugin(plans: Vec<DayPlan>, arm: Arm) -> ClinicDayPlugin {
    ClinicDayPlugin {
        plans,
        choosing: make(arm).into(),
        yardstick: Some(Arc::new(greedy)),
        at_beds: None,
    }
}

fn run(plan: DayPlan, arm: Arm, in_flight: usize) -> Vec<FinishedEpisode> {
    run_all(vec![plan], arm, in_flight, 3)
}

fn run_all(plans: Vec<DayPlan>, arm: Arm, in_flight: usize, count: u32) -> Vec<FinishedEpisode> {
    play(plugin(plans, arm), in_flight, count)
}

fn play(plugin: ClinicDayPlugin, in_flight: usize, count: u32) -> Vec<FinishedEpisode> {
    let options = EngineOptions {
        seed: RunSeed(5),
        in_flight,
        log: true,
    };
    let mut engine = Engine::new(options, plugin).unwrap();
    let mut sink = Sink::default();
    engine
        .run(&mut (0..count).map(EpisodeIx), &mut sink)
        .unwrap();
    sink.0.sort_by_key(|episode| episode.ix);
    sink.0
}

fn lines(episode: &FinishedEpisode) -> Vec<Value> {
    let text = std::str::from_utf8(&episode.events).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn short() -> DayConfig {
    DayConfig {
        day_minutes: 720.0,
        ..DayConfig::default()
    }
}

fn is(line: &Value, kind: &str) -> bool {
    line["kind"] == kind
}

#[test]
fn at_every_tick_who_arrived_waits_lies_or_is_gone() {
    for arm in ["rota", "own-best", "greedy", NOWHERE] {
        let config = DayConfig {
            arrivals_per_hour: 9.0,
            ..short()
        };
        for episode in run(plan(config), arm, 3) {
            assert_eq!(episode.outcome, Outcome::Done);
            let mut counted = [0_i64; 4];
            let mut ticks = 0;
            for line in lines(&episode) {
                let add: [i64; 4] = match line["kind"].as_str().unwrap() {
                    "arrived" => [1, 1, 0, 0],
                    "bedded" => [0, -1, 1, 0],
                    "left" => [0, -1, 0, 1],
                    "discharged" => [0, 0, -1, 1],
                    "tick" => {
                        let keys = ["arrivals", "waiting", "in_bed", "gone"];
                        let told = keys.map(|key| line[key].as_i64().unwrap());
                        assert_eq!(told, counted, "{line}");
                        assert_eq!(told[0], told[1] + told[2] + told[3]);
                        assert!(told[2] <= 14);
                        ticks += 1;
                        [0; 4]
                    }
                    _ => [0; 4],
                };
                for (sum, add) in counted.iter_mut().zip(add) {
                    *sum += add;
                }
            }
            assert_eq!(ticks, 72);
            assert!(counted[0] > 60 && counted[3] > 20, "{counted:?}");
        }
    }
}

/// Everything but who was sent where and what it was worth.
fn course(episode: &FinishedEpisode) -> Vec<Value> {
    let mut lines = lines(episode);
    lines.retain(|line| !is(line, "assigned") && !is(line, "tick"));
    for line in &mut lines {
        line["n"] = Value::Null;
    }
    lines
}

#[test]
fn with_unlimited_staff_the_arms_do_not_differ() {
    let days = |staffing, arm| -> Vec<Vec<Value>> {
        let config = DayConfig {
            staffing,
            ..short()
        };
        run(plan(config), arm, 3).iter().map(course).collect()
    };
    let rota = days(Staffing::Unlimited, "rota");
    for arm in ["own-best", "greedy", NOWHERE] {
        assert_eq!(rota, days(Staffing::Unlimited, arm));
    }
    let shared = days(Staffing::Shared, "rota");
    assert_ne!(shared, days(Staffing::Shared, "greedy"));
    let diagnosed = |days: &[Vec<Value>]| {
        let lines = days.iter().flatten();
        lines.filter(|line| is(line, "diagnosed")).count()
    };
    assert!(diagnosed(&rota) >= diagnosed(&shared));
}

/// The knowledge base with the names of its conditions turned by one.
fn renamed() -> Arc<Knowledge> {
    let base = Knowledge::builtin();
    let count = base.conditions().len();
    let conditions = (0..count)
        .map(|d| {
            let mut condition = base.conditions()[d].clone();
            let other = &base.conditions()[(d + 1) % count];
            condition.name.clone_from(&other.name);
            condition.codes.clone_from(&other.codes);
            condition
        })
        .collect();
    let theta = (0..count as u32)
        .flat_map(|d| {
            let d = rounds_environments::clinic::knowledge::ConditionIx(d);
            base.row(d).to_vec()
        })
        .collect();
    let findings = base.findings().to_vec();
    let specialities = base.specialities().to_vec();
    Arc::new(Knowledge::new("builtin", specialities, conditions, findings, theta).unwrap())
}

#[test]
fn what_the_doctors_see_does_not_depend_on_the_truth() {
    let sides = |patients: Arc<Knowledge>| -> (Vec<Value>, Vec<Value>) {
        let mut plan = plan(short());
        plan.patients = patients;
        let days = run(plan, "own-best", 3);
        let all = days.iter().flat_map(lines);
        all.partition(|line| line["side"] != "world")
    };
    let (seen, world) = sides(Knowledge::builtin());
    let (seen_too, world_too) = sides(renamed());
    assert!(seen.len() > 1000);
    assert_eq!(seen, seen_too);
    assert_ne!(world, world_too, "the truth was replaced");
    for line in seen {
        assert!(line.get("truth").is_none() && line.get("codes").is_none());
    }
}

#[test]
fn days_do_not_depend_on_how_many_are_in_flight() {
    for arm in ["own-best", "ma-spl", "ma-mpl", "greedy"] {
        let (one, three) = (run(plan(short()), arm, 1), run(plan(short()), arm, 3));
        assert_eq!(one, three);
        assert_ne!(one[0].events, one[1].events);
    }
}

#[test]
fn who_stands_at_a_bed_is_its_team() {
    let config = short();
    let mut asked = 0;
    for episode in run(plan(config), "rota", 3) {
        let lines = lines(&episode);
        let names: Vec<&str> = lines[0]["staff"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect();
        let mut beds = Value::Null;
        for line in &lines {
            match line["kind"].as_str().unwrap() {
                "assigned" => beds = line["beds"].clone(),
                "asked" | "ordered" => {
                    let name = line["agent"].as_str().unwrap();
                    let at = names.iter().position(|n| *n == name).unwrap();
                    assert_eq!(beds[at], line["bed"], "{line}");
                    asked += 1;
                }
                _ => {}
            }
        }
    }
    assert!(asked > 500, "{asked}");
}

#[test]
fn the_oracle_is_its_own_measure_and_nobody_else_is_better_on_the_whole() {
    let sums = |arm| {
        let mut sums = (0.0, 0.0);
        for episode in run(plan(short()), arm, 3) {
            for line in lines(&episode).iter().filter(|line| is(line, "tick")) {
                sums.0 += line["utility"].as_f64().unwrap();
                sums.1 += line["best"].as_f64().unwrap();
            }
        }
        sums
    };
    let (utility, best) = sums("greedy");
    assert!(utility == best && utility > 0.0);
    for arm in ["rota", "own-best", NOWHERE] {
        let (utility, best) = sums(arm);
        assert!(utility < best);
    }
    assert_eq!(sums(NOWHERE).0, 0.0);
}

#[test]
fn a_day_without_beds_or_staff_fails_with_words() {
    let failed = |config: DayConfig| {
        let episodes = run(plan(config), "rota", 3);
        assert_eq!(episodes.len(), 3);
        episodes[0]
            .outcome
            .reason()
            .unwrap_or_default()
            .into_owned()
    };
    let no_beds = failed(DayConfig {
        beds: 0,
        ..DayConfig::default()
    });
    assert!(
        no_beds.contains("beds: expected at least one bed"),
        "{no_beds}"
    );
    let nobody = failed(DayConfig {
        staff: 0,
        ..DayConfig::default()
    });
    assert!(nobody.contains("staff: expected at least one"), "{nobody}");
}
