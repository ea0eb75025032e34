//! Patients that deteriorate, and doses at their beds.

use std::collections::BTreeMap;

use rounds_environments::control::stabilise::{Stabilise, StabiliseConfig};
use rounds_environments::control::{ControlEnvironment, Vectorised};
use rounds_policies::policy::PolicyError;
use rounds_policies::trajectory::doses::{FixedDose, HandTuned};
use rounds_policies::trajectory::{
    Choices, Controller, ControllerPolicy, Situation, TrajectoryPolicy,
};

use super::super::{AtBeds, Deterioration};
use super::*;

fn patient() -> Stabilise {
    let config = StabiliseConfig {
        step_h: 10.0 / 60.0,
        ..StabiliseConfig::default()
    };
    Stabilise::new(config).unwrap()
}

fn ward(share: f64, config: DayConfig) -> DayPlan {
    DayPlan {
        deterioration: Some(Deterioration {
            patient: Arc::new(patient()),
            share,
        }),
        ..plan(config)
    }
}

fn policy(controller: impl Controller + 'static) -> Arc<dyn TrajectoryPolicy> {
    let one = Vectorised::new(patient(), 1, RunSeed(0), EpisodeIx(0)).unwrap();
    Arc::new(ControllerPolicy::new(controller, one.space()).unwrap())
}

fn with(plan: DayPlan, arm: Arm, policy: Arc<dyn TrajectoryPolicy>) -> ClinicDayPlugin {
    ClinicDayPlugin {
        at_beds: Some(AtBeds {
            policies: vec![policy],
        }),
        ..plugin(vec![plan], arm)
    }
}

fn numbers(value: &Value) -> Vec<u64> {
    let list = value.as_array().unwrap().iter();
    list.map(|number| number.as_u64().unwrap()).collect()
}

/// Lines without those of deterioration, without their numbers, and without the share of patients who deteriorate.
fn others(episode: &FinishedEpisode) -> Vec<Value> {
    let lines = lines(episode).into_iter();
    let others = lines.filter(|line| !is(line, "dosed") && !is(line, "stability"));
    others
        .map(|mut line| {
            let fields = line.as_object_mut().unwrap();
            fields.remove("n");
            fields.remove("deteriorating");
            line
        })
        .collect()
}

#[test]
fn the_rest_of_the_day_goes_on_as_ever() {
    let without = run(plan(short()), "rota", 3);
    let doses = with(ward(0.6, short()), "rota", policy(HandTuned::default()));
    let unstable = play(doses.clone(), 3, 3);
    let nobody = play(
        with(ward(0.0, short()), "rota", policy(HandTuned::default())),
        3,
        3,
    );
    for ((a, b), c) in without.iter().zip(&unstable).zip(&nobody) {
        assert_eq!(others(a), others(b));
        assert_eq!(others(a), others(c));
        assert_eq!(lines(a).len(), lines(c).len(), "nobody has a state");
        assert!(lines(b).iter().any(|line| is(line, "dosed")));
    }
    assert_eq!(unstable, play(doses, 1, 3));
}

#[test]
fn doses_are_given_in_beds_and_the_found_cause_brings_relief() {
    // Long enough in bed after the diagnosis for the slope to turn.
    let config = DayConfig {
        dismissal_minutes: 300.0,
        arrivals_per_hour: 2.0,
        ..short()
    };
    let doses = policy(HandTuned::default());
    let days = play(with(ward(1.0, config), "greedy", doses), 3, 3);
    let (mut relieved, mut worse, mut dosed_count) = (0, 0, 0);
    for day in &days {
        let mut in_bed: BTreeMap<u64, bool> = BTreeMap::new();
        let mut truth: BTreeMap<u64, Value> = BTreeMap::new();
        let mut right: BTreeMap<u64, f64> = BTreeMap::new();
        let mut last: BTreeMap<u64, f64> = BTreeMap::new();
        for line in lines(day) {
            let patient = line["patient"].as_u64();
            match (line["kind"].as_str().unwrap(), patient) {
                ("arrived", Some(patient)) => {
                    truth.insert(patient, line["truth"].clone());
                }
                ("bedded", Some(patient)) => {
                    in_bed.insert(patient, true);
                }
                ("diagnosed", Some(patient)) => {
                    let known = truth[&patient].as_array().unwrap();
                    if known.contains(&line["answer"]) {
                        right.insert(patient, last.get(&patient).copied().unwrap_or(0.0));
                    }
                }
                ("dosed", None) => {
                    for patient in numbers(&line["patients"]) {
                        assert!(in_bed.contains_key(&patient), "{line}");
                        dosed_count += 1;
                    }
                    for dose in line["doses"].as_array().unwrap() {
                        assert!((0.0..=1.0).contains(&dose.as_f64().unwrap()));
                    }
                }
                ("stability", None) => {
                    let index = line["index"].as_array().unwrap();
                    for (patient, index) in numbers(&line["patients"]).into_iter().zip(index) {
                        let index = index.as_f64().unwrap();
                        if let Some(before) = right.get(&patient)
                            && *before > 0.2
                        {
                            match index < *before {
                                true => relieved += 1,
                                false => worse += 1,
                            }
                        }
                        last.insert(patient, index);
                    }
                }
                _ => {}
            }
        }
    }
    assert!(dosed_count > 100, "{dosed_count}");
    assert!(
        relieved > 3 * worse.max(1),
        "{relieved} better, {worse} worse"
    );
}

#[test]
fn with_unlimited_staff_it_does_not_matter_who_is_sent_where() {
    let config = DayConfig {
        staffing: Staffing::Unlimited,
        ..short()
    };
    let stability = |arm| {
        let days = play(
            with(ward(0.7, config.clone()), arm, policy(FixedDose::default())),
            2,
            2,
        );
        let all = days.iter().flat_map(lines);
        let mut kept: Vec<Value> = all.filter(|line| is(line, "stability")).collect();
        for line in &mut kept {
            line.as_object_mut().unwrap().remove("n");
        }
        kept
    };
    assert_eq!(stability("rota"), stability("own-best"));
}

/// Fails for patients who are far from stable.
#[derive(Debug)]
struct Timid;

impl TrajectoryPolicy for Timid {
    fn context_steps(&self) -> usize {
        4
    }

    fn decide(
        &self,
        agents: &[Situation<'_>],
        choices: &mut Choices<'_>,
    ) -> Result<(), PolicyError> {
        choices.actions.fill(0.3);
        match agents.iter().any(|agent| agent.observation[0] > 0.45) {
            true => Err(PolicyError::Failed("too far out".to_owned())),
            false => Ok(()),
        }
    }
}

#[test]
fn a_policy_that_fails_ends_its_own_day() {
    let busy = DayConfig {
        arrivals_per_hour: 0.8,
        ..short()
    };
    let days = play(with(ward(0.5, busy.clone()), "rota", Arc::new(Timid)), 6, 6);
    let failed: Vec<bool> = days
        .iter()
        .map(|day| day.outcome != Outcome::Done)
        .collect();
    assert!(
        failed.contains(&true) && failed.contains(&false),
        "{failed:?}"
    );
    assert_eq!(
        days,
        play(with(ward(0.5, busy), "rota", Arc::new(Timid)), 1, 6)
    );
}

#[test]
fn settings_that_do_not_go_together_are_told() {
    let slow = DayConfig {
        tick_minutes: 20.0,
        ..short()
    };
    let told = |plugin: ClinicDayPlugin| plugin.check(RunSeed(1)).unwrap_err().0;
    let fixed = || policy(FixedDose::default());
    assert!(told(with(ward(0.5, slow), "rota", fixed())).contains("a tick of 20 minutes"));
    assert!(told(with(ward(1.5, short()), "rota", fixed())).contains("0 to 1"));
    assert!(told(plugin(vec![ward(0.5, short())], "rota")).contains("a policy for the beds"));
}
