//! Where nobody is scarce, it does not matter who is sent where; where somebody is, it does.

use super::{SHIPPED, arms, bench, episodes, mean};

/// What depends on the patients alone, not on what was assigned.
const OF_PATIENTS: [&str; 8] = [
    "diagnosis_minutes",
    "wait_minutes",
    "weighted_wait_minutes",
    "left_unseen",
    "waited",
    "correct_in_time",
    "hit@1",
    "occupancy",
];

#[test]
fn with_unlimited_staff_the_arms_do_not_differ() {
    let (folder, summary) = bench(&[
        SHIPPED,
        "--episodes",
        "6",
        "--set",
        "environment.staffing=unlimited",
    ]);
    assert_eq!(summary.episodes.done, 36);
    for arm in &summary.arms {
        for metric in OF_PATIENTS {
            let (own, first) = (&arm.metrics[metric], &summary.arms[0].metrics[metric]);
            assert_eq!(own, first, "{}, {metric}", arm.name);
        }
    }
    let mut first: Vec<String> = Vec::new();
    for arm in arms(folder.path()) {
        let events = episodes(&arm).flat_map(|episode| episode.events);
        let course = events
            .filter(|e| e.kind != "assigned" && e.kind != "tick")
            .map(|e| format!("{} {:?} {} {:?}", e.episode, e.minute, e.kind, e.fields));
        let course: Vec<String> = course.collect();
        match first.is_empty() {
            true => first = course,
            false => assert!(first == course, "{}", arm.display()),
        }
    }
    assert!(first.len() > 5000);
}

#[test]
fn every_method_can_send_the_staff() {
    let names = "random,own-best,bandit-osg,ma-osma,ma-osea,stale-greedy";
    let vary = format!("policies.ma-spl.kind={names}");
    let quick = "environment.day_minutes=600";
    let set = ["--set", quick, "--vary", &vary, "--episodes", "1"];
    let (_folder, summary) = bench(&[&[SHIPPED][..], &set].concat());
    assert_eq!((summary.arms.len(), summary.episodes.done), (6, 6));
    for arm in &summary.arms {
        assert!(mean(&summary, &arm.name, "utility") > 0.0, "{}", arm.name);
    }
}

#[test]
fn who_knows_what_beds_are_worth_is_faster_than_the_rota() {
    let (_folder, summary) = bench(&[SHIPPED, "--episodes", "12"]);
    for metric in ["diagnosis_minutes", "wait_minutes"] {
        let [greedy, rota] = ["greedy", "rota"].map(|arm| mean(&summary, arm, metric));
        assert!(greedy < rota, "{metric}: {greedy} against {rota}");
    }
    assert!((mean(&summary, "greedy", "ratio") - 1.0).abs() < 1e-12);
    for arm in ["rota", "own-best", "osg", "ma-spl", "ma-mpl"] {
        let ratio = mean(&summary, arm, "ratio");
        assert!(ratio > 0.0 && ratio < 1.0, "{arm}: {ratio}");
    }
}
