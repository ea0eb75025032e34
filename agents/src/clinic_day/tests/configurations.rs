//! Several configurations of one plugin.

use super::*;

/// A day as it came: who arrives with what.
fn arrived(episode: &FinishedEpisode) -> Vec<(Value, Value)> {
    let lines = lines(episode).into_iter();
    let arrived = lines.filter(|line| is(line, "arrived"));
    arrived
        .map(|line| (line["patient"].clone(), line["truth"].clone()))
        .collect()
}

#[test]
fn a_day_has_the_same_patients_in_every_configuration() {
    let named = |name: &str, arrivals_per_hour| DayPlan {
        name: name.to_owned(),
        ..plan(DayConfig {
            arrivals_per_hour,
            ..short()
        })
    };
    let both = || vec![named("quiet", 3.0), named("busy", 6.0)];
    let days = run_all(both(), "rota", 2, 4);
    let began: Vec<(Value, Value)> = days
        .iter()
        .map(|day| {
            let first = lines(day).swap_remove(0);
            (first["configuration"].clone(), first["day"].clone())
        })
        .collect();
    let expected = [("quiet", 0), ("busy", 0), ("quiet", 1), ("busy", 1)];
    assert_eq!(began, expected.map(|(name, day)| (name.into(), day.into())));
    let people: Vec<_> = days.iter().map(arrived).collect();
    assert!(people[1].len() > people[0].len() && !people[0].is_empty());
    assert_eq!(people[1][..people[0].len()], people[0]);
    assert_ne!(people[2], people[0]);
}

#[test]
fn what_cannot_be_is_found_before_anything_is_run() {
    let named = |config| DayPlan {
        name: "second".to_owned(),
        ..plan(config)
    };
    let check = |config| {
        let plans = vec![plan(short()), named(config)];
        plugin(plans, "ma-spl").check(RunSeed(5))
    };
    assert!(check(short()).is_ok());
    let bad = DayConfig {
        beds: 0,
        ..DayConfig::default()
    };
    let why = check(bad).unwrap_err().to_string();
    assert!(
        why.starts_with("second: beds: expected at least one"),
        "{why}"
    );
    let apart = DayPlan {
        graph: GraphKind::Edges {
            edges: vec![(0, 1)],
        },
        ..named(short())
    };
    let why = plugin(vec![apart], "ma-spl").check(RunSeed(5)).unwrap_err();
    assert!(why.to_string().starts_with("second: "), "{why}");
    assert!(plugin(Vec::new(), "rota").check(RunSeed(5)).is_err());
}
