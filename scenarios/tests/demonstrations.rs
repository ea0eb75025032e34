//! Visits by rule, told as conversations: whoever answers by them makes the same visits.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panic and tells what it read"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rounds::clinic::demonstrate;
use rounds::plan::rehearse;
use rounds::schema::{Overrides, Scenario, ScenarioSet};
use rounds::speech::StandIn;
use rounds_models::{CallKey, FnModel, ModelError, ModelRequest};
use rounds_policies::clinic::spoken::Demonstration;
use rounds_policies::spoken::SpokenOptions;

fn load(file: &str, set: &[&str], episodes: u32) -> ScenarioSet {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let overrides = Overrides {
        set: set.iter().map(|s| (*s).to_owned()).collect(),
        episodes: Some(episodes),
        ..Overrides::default()
    };
    Scenario::load(&path, &overrides).unwrap()
}

fn taught(set: &[&str], episodes: u32) -> Vec<Demonstration> {
    let ward = load("ward.toml", set, episodes);
    let made = demonstrate(&ward, &ward.arms[0], SpokenOptions::default(), 0.0).unwrap();
    assert_eq!((made.done, made.failed.len()), (episodes, 0));
    made.demonstrations
}

/// Whether a demonstration exists for each call, with the same words.
#[derive(Default)]
struct Heard {
    same: usize,
    other: usize,
    unknown: usize,
}

fn played_by(
    demonstrations: &[Demonstration],
    set: &[&str],
    episodes: u32,
) -> (BTreeMap<u32, Heard>, usize) {
    let book: BTreeMap<CallKey, Demonstration> = demonstrations
        .iter()
        .map(|made| (made.key.clone(), made.clone()))
        .collect();
    let heard: Arc<Mutex<BTreeMap<u32, Heard>>> = Arc::default();
    let told = Arc::clone(&heard);
    let model = FnModel::new("recited", move |request: &ModelRequest| {
        let mut told = told.lock().unwrap();
        let visit = told.entry(request.key.episode.0).or_default();
        let Some(made) = book.get(&request.key) else {
            visit.unknown += 1;
            return Err(ModelError::Rejected {
                message: "not demonstrated".to_owned(),
            });
        };
        match made.messages == request.messages && made.schema == request.schema {
            true => visit.same += 1,
            false => visit.other += 1,
        }
        Ok(made.reply.clone())
    });
    let spoken = load("ward-language.toml", set, episodes);
    let stand_in = StandIn(Arc::new(model));
    let rehearsed = rehearse(&spoken, &spoken.arms[0], Some(stand_in), episodes).unwrap();
    let heard = std::mem::take(&mut *heard.lock().unwrap());
    (heard, rehearsed.failed.len())
}

#[test]
fn who_recites_the_demonstrations_of_a_lone_doctor_makes_the_same_visits() {
    let team = ["agents.team.kind=generalist"];
    let made = taught(&team, 25);
    let (heard, failed) = played_by(&made, &team, 25);
    assert_eq!((heard.len(), failed), (25, 0));
    let same: usize = heard.values().map(|visit| visit.same).sum();
    assert!(heard.values().all(|v| v.other + v.unknown == 0));
    assert_eq!(same, made.len(), "every demonstration was asked for once");
}

#[test]
fn a_dynamic_team_is_told_in_the_words_of_its_calls() {
    let made = taught(&[], 25);
    let (heard, _) = played_by(&made, &[], 25);
    let purposes: BTreeMap<&str, usize> = made.iter().fold(BTreeMap::new(), |mut all, made| {
        *all.entry(made.key.purpose.as_ref()).or_default() += 1;
        all
    });
    assert!(
        ["triage", "propose", "vote", "coordinate"]
            .iter()
            .all(|role| purposes.contains_key(role)),
        "{purposes:?}"
    );
    // Confidences are rounded to five levels, so that another proposal can come first.
    let whole = heard.values().filter(|v| v.other + v.unknown == 0).count();
    assert!(
        whole > 0,
        "no visit is told from its first word to its last"
    );
    assert!(heard.values().all(|visit| visit.same > 0));
}

#[test]
fn the_same_seed_gives_the_same_conversations() {
    assert_eq!(taught(&[], 5), taught(&[], 5));
}

#[test]
fn visits_go_astray_while_the_teacher_is_what_is_learnt() {
    let ward = load("ward.toml", &[], 12);
    let of = |deviation| {
        let options = SpokenOptions::default();
        let made = demonstrate(&ward, &ward.arms[0], options, deviation).unwrap();
        assert_eq!((made.done, made.failed.len()), (12, 0));
        made.demonstrations
    };
    let (straight, astray) = (of(0.0), of(1.0));
    assert_eq!(astray, of(1.0));
    assert_ne!(straight, of(0.2));
    // No proposal is made as it was learnt, so no list of diagnoses ends a visit before its last round.
    let last = |of: &[Demonstration], episode| {
        let rounds = of.iter().filter(|made| made.key.episode.0 == episode);
        rounds.map(|made| made.key.round).max()
    };
    let rounds: Vec<_> = (0..12).map(|episode| last(&astray, episode)).collect();
    assert!(rounds.iter().all(|round| *round == rounds[0]), "{rounds:?}");
    assert!((0..12).any(|episode| last(&straight, episode) < rounds[0]));
    // The teacher asks what it would ask: of two clinicians in one state, the same.
    let first = |of: &[Demonstration]| {
        let mut made = of.iter().filter(|made| made.key.purpose == "propose");
        made.next()
            .map(|made| (made.messages.clone(), made.reply.clone()))
    };
    assert_eq!(first(&straight), first(&astray));
    let lists = astray
        .iter()
        .filter(|made| made.reply.contains("\"diagnosis\""));
    assert!(lists.count() > 12);
}
