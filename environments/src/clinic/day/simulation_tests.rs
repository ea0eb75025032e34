use super::*;
use crate::clinic::day::arrivals;
use crate::clinic::knowledge::{Knowledge, Noise};
use crate::ids::EpisodeIx;
use crate::streams::RunSeed;

fn day(config: &DayConfig) -> Day {
    let knowledge = Knowledge::builtin();
    config.validate().unwrap();
    let means = Arc::new(MeansTable::new(config, &knowledge));
    let patients = arrivals(
        config,
        &knowledge,
        Noise::default(),
        RunSeed(11),
        EpisodeIx(0),
    );
    Day::new(Arc::new(config.clone()), means, patients)
}

fn finding(id: &str) -> FindingIx {
    Knowledge::builtin().find_finding(id).unwrap()
}

/// Runs the day; `at_ready` answers a call, and who was asked this often is diagnosed.
fn run(
    day: &mut Day,
    mut at_ready: impl FnMut(&mut Day, u32),
    diagnose_after: usize,
) -> Vec<Happening> {
    let mut all = Vec::new();
    let mut known = vec![0; day.patients.len()];
    let config = day.config().clone();
    for tick in 0..config.ticks() {
        let staff = config.staff;
        let places: Vec<Option<u32>> = (0..staff).map(|i| Some((i + tick) % config.beds)).collect();
        day.begin_tick(&places).unwrap();
        let until = (f64::from(tick + 1) * config.tick_minutes).min(config.day_minutes);
        while let Some(happening) = day.next(until) {
            match happening.what {
                What::Ready { hand, .. } => at_ready(day, hand),
                What::Answered { bed, .. } | What::Resulted { bed, .. } => {
                    let known = &mut known[happening.patient as usize];
                    *known += 1;
                    if *known == diagnose_after {
                        day.diagnose(bed).unwrap();
                    }
                }
                What::Expired { bed } => day.diagnose(bed).unwrap(),
                _ => {}
            }
            if !matches!(happening.what, What::Ready { .. }) {
                all.push(happening);
            }
            let counts = day.counts();
            let there = counts.waiting + counts.in_bed + counts.gone();
            assert_eq!(counts.arrivals, there, "{counts:?} at {}", day.now_min());
        }
    }
    assert!(day.counts().arrivals > 50 && day.counts().discharged > 20);
    all
}

fn of_kind(all: &[Happening], keep: impl Fn(&What) -> bool) -> Vec<Happening> {
    all.iter().copied().filter(|h| keep(&h.what)).collect()
}

#[test]
fn laboratory_results_come_after_their_turnaround() {
    let mut day = day(&DayConfig::default());
    let troponin = finding("raised_troponin");
    let mut ordered = std::collections::BTreeMap::new();
    let all = run(
        &mut day,
        |day, hand| {
            let bed = day.hands[hand as usize].bed.unwrap();
            let patient = day.in_bed(bed).unwrap();
            if let std::collections::btree_map::Entry::Vacant(slot) = ordered.entry(patient) {
                slot.insert(day.now_min());
                assert_eq!(day.ask(hand, troponin).unwrap(), Means::Laboratory);
            }
        },
        1,
    );
    let results = of_kind(&all, |what| matches!(what, What::Resulted { .. }));
    assert!(results.len() > 20);
    for result in results {
        let waited = result.at_min - ordered[&result.patient];
        assert!((waited - 45.0).abs() < 1e-9, "{waited}");
        let What::Resulted { present, .. } = result.what else {
            continue;
        };
        let truth = day.patient(result.patient).unwrap();
        assert_eq!(present, truth.patient.is_present(troponin));
    }
}

#[test]
fn one_scanner_takes_one_patient_at_a_time_in_order() {
    let config = DayConfig {
        scan_minutes: 9.0,
        ..DayConfig::default()
    };
    let mut day = day(&config);
    let scan = finding("chest_infiltrate");
    let mut asked = Vec::new();
    let all = run(
        &mut day,
        |day, hand| {
            let patient = day.in_bed(day.hands[hand as usize].bed.unwrap()).unwrap();
            if !asked.contains(&patient) {
                asked.push(patient);
                assert_eq!(day.ask(hand, scan).unwrap(), Means::Scanner);
            }
        },
        1,
    );
    let began = of_kind(&all, |what| matches!(what, What::ScanBegan { .. }));
    assert!(began.len() > 20);
    for pair in began.windows(2) {
        assert!(pair[1].at_min - pair[0].at_min >= 9.0 - 1e-9);
    }
    let order: Vec<u32> = began.iter().map(|h| h.patient).collect();
    let wanted: Vec<u32> = asked.into_iter().filter(|p| order.contains(p)).collect();
    assert_eq!(order, wanted, "first come first served");
    // A queue is there at all: the scanner is busy most of the day.
    assert!(began.len() as f64 * 9.0 > 0.5 * config.day_minutes);
}

#[test]
fn beds_are_given_at_the_moment_they_are_free() {
    let config = DayConfig {
        arrivals_per_hour: 20.0,
        ..DayConfig::default()
    };
    let mut day = day(&config);
    let fever = finding("fever");
    let all = run(&mut day, |day, hand| drop(day.ask(hand, fever)), 3);
    let mut given = 0;
    for (at, happening) in all.iter().enumerate() {
        if let What::Discharged { bed } = happening.what {
            let next = &all[at + 1];
            if next.what == (What::Bedded { bed }) {
                assert_eq!(next.at_min, happening.at_min);
                given += 1;
            }
        }
    }
    assert!(given > 50, "{given}");
    assert!(day.counts().left > 10, "some have no patience");
}

#[test]
fn exponential_service_ends_at_its_time_whatever_is_asked() {
    let config = DayConfig {
        service: Service::Exponential { mean_minutes: 60.0 },
        patience_minutes: None,
        ..DayConfig::default()
    };
    let mut day = day(&config);
    let fever = finding("fever");
    let all = run(&mut day, |day, hand| drop(day.ask(hand, fever)), 2);
    let mut bedded = std::collections::BTreeMap::new();
    for happening in all {
        match happening.what {
            What::Bedded { .. } => {
                bedded.insert(happening.patient, happening.at_min);
            }
            What::Discharged { .. } => {
                let stayed = happening.at_min - bedded[&happening.patient];
                let own = day.patient(happening.patient).unwrap().service_min;
                assert!((stayed - own).abs() < 1e-9);
            }
            _ => {}
        }
    }
}

#[test]
fn what_cannot_be_done_is_refused() {
    let mut day = day(&DayConfig::default());
    assert!(day.begin_tick(&[None; 3]).is_err());
    let mut places = [None; 8];
    places[2] = Some(14);
    let error = day.begin_tick(&places).unwrap_err().to_string();
    assert!(error.contains("agent 2") && error.contains("got 14"));
    assert!(day.ask(0, finding("fever")).is_err(), "at no bed");
    assert!(day.diagnose(3).is_err(), "nobody there");
    day.begin_tick(&[Some(0); 8]).unwrap();
    while let Some(happening) = day.next(600.0) {
        if let What::Ready { hand, .. } = happening.what {
            assert!(day.ask(hand, FindingIx(9999)).is_err());
            day.ask(hand, finding("fever")).unwrap();
            assert!(day.ask(hand, finding("fever")).is_err(), "busy");
            assert!(day.ask(99, finding("fever")).is_err(), "no such hands");
            return;
        }
    }
    panic!("nobody was called");
}

#[test]
fn a_specialist_who_is_sent_away_ends_the_question_first() {
    let config = DayConfig {
        tick_minutes: 3.0,
        question_minutes: 4.0,
        arrivals_per_hour: 60.0,
        ..DayConfig::default()
    };
    let mut day = day(&config);
    let fever = finding("fever");
    let mut asked = Vec::new();
    for tick in 0..60_u32 {
        day.begin_tick(&[Some(tick % 2); 8]).unwrap();
        let until = f64::from(tick + 1) * 3.0;
        while let Some(happening) = day.next(until) {
            match happening.what {
                What::Ready { hand, .. } => {
                    day.ask(hand, fever).unwrap();
                    asked.push((hand, happening.patient, happening.at_min));
                }
                What::Answered { hand, .. } => {
                    let (_, patient, at) = asked.iter().rfind(|a| a.0 == hand).unwrap();
                    assert_eq!(*patient, happening.patient);
                    assert!((happening.at_min - at - 4.0).abs() < 1e-9);
                }
                _ => {}
            }
        }
    }
    assert!(asked.len() > 50);
}
