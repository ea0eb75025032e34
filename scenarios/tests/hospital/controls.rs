//! Negative controls: where doses cannot matter they do not, and neither does who is sent where.

use super::{BENCH, CONFIGURATIONS, DOSES, SENDERS, arm, episodes};

fn metrics(name: &str) -> &'static serde_json::Map<String, serde_json::Value> {
    let mut arms = BENCH.summary.arms.iter();
    &arms.find(|arm| arm.name == name).unwrap().metrics
}

/// Whether a metric is of deterioration, in any configuration.
fn of_patients_state(metric: &str) -> bool {
    ["harm", "collapses"]
        .iter()
        .any(|known| metric == *known || metric.starts_with(&format!("{known}[")))
}

#[test]
fn all_days_are_there() {
    assert_eq!(
        (BENCH.summary.episodes.asked, BENCH.summary.episodes.done),
        (48, 48)
    );
    for sender in SENDERS {
        for doses in DOSES {
            let name = format!("{sender} + {doses}");
            for configuration in CONFIGURATIONS {
                let harm = &metrics(&name)[&format!("harm[{configuration}]")];
                assert_eq!(harm["n"], 2, "{name}: {harm}");
            }
        }
    }
}

#[test]
fn where_nobody_deteriorates_there_is_no_harm() {
    for sender in SENDERS {
        for doses in DOSES {
            let metrics = metrics(&format!("{sender} + {doses}"));
            for metric in [
                "harm[nobody deteriorates]",
                "collapses[nobody deteriorates]",
            ] {
                let found = &metrics[metric];
                assert_eq!(
                    (&found["mean"], &found["sd"]),
                    (&0.0.into(), &0.0.into()),
                    "{metric}"
                );
            }
            // Where somebody does, there is some.
            let harm = metrics["harm[7 an hour]"]["mean"].as_f64().unwrap();
            assert!(harm > 0.0, "{sender} + {doses}: {harm}");
        }
    }
}

#[test]
fn doses_change_nothing_but_the_state_of_patients() {
    for sender in SENDERS {
        let of = |doses: &str| metrics(&format!("{sender} + {doses}"));
        let first = of(DOSES[0]);
        for doses in &DOSES[1..] {
            let own = of(doses);
            assert!(own.keys().eq(first.keys()));
            let mut differ = 0;
            for (metric, value) in own {
                match of_patients_state(metric) {
                    true => differ += usize::from(*value != first[metric]),
                    false => assert_eq!(*value, first[metric], "{sender} + {doses}, {metric}"),
                }
            }
            assert!(differ > 0, "{sender} + {doses}: doses are given");
        }
        // Not only on average: every line that is not of doses or of what they do is the same.
        let lines = |doses: &str| -> Vec<String> {
            let days = episodes(&arm(&BENCH.folder, &format!("{sender} + {doses}")));
            let events = days.into_iter().flat_map(|day| day.events);
            let others = events.filter(|event| event.kind != "dosed" && event.kind != "stability");
            others
                .map(|e| format!("{} {:?} {} {:?}", e.episode, e.minute, e.kind, e.fields))
                .collect()
        };
        let first = lines(DOSES[0]);
        assert!(first.len() > 1000);
        for doses in &DOSES[1..] {
            assert!(lines(doses) == first, "{sender} + {doses}");
        }
    }
}

#[test]
fn with_unlimited_staff_it_does_not_matter_who_sends_it() {
    for doses in DOSES {
        let of = |sender: &str| metrics(&format!("{sender} + {doses}"));
        let (rota, spl) = (of(SENDERS[0]), of(SENDERS[1]));
        let mut differ = 0;
        for metric in [
            "harm",
            "collapses",
            "diagnosis_minutes",
            "wait_minutes",
            "left_unseen",
        ] {
            let unlimited = format!("{metric}[unlimited staff]");
            assert_eq!(rota[&unlimited], spl[&unlimited], "{doses}, {unlimited}");
            let scarce = format!("{metric}[7 an hour]");
            differ += usize::from(rota[&scarce] != spl[&scarce]);
        }
        assert!(differ > 0, "where staff is scarce it does");
    }
}

#[test]
fn interactions_are_exactly_none_in_the_controls() {
    let found = |metric: &str, scale: &str| {
        let mut all = BENCH.summary.interactions.iter();
        let one = all.find(|found| {
            let known = serde_json::to_value(found.scale).unwrap();
            found.metric == metric && known == scale
        });
        one.unwrap_or_else(|| panic!("{metric}, {scale}"))
    };
    for configuration in ["nobody deteriorates", "unlimited staff"] {
        let none = found(&format!("harm[{configuration}]"), "difference");
        assert_eq!(none.value, Some(0.0), "{none:?}");
    }
    let ratio = found("harm[unlimited staff]", "ratio");
    assert!((ratio.value.unwrap() - 1.0).abs() < 1e-12, "{ratio:?}");
    // Nothing can be a multiple of no harm.
    let ratio = found("harm[nobody deteriorates]", "ratio");
    assert!(ratio.value.is_none() && ratio.why.is_some(), "{ratio:?}");

    // In days together it is what the four means say.
    let harm = |name: String| metrics(&name)["harm"]["mean"].as_f64().unwrap();
    let [a, b] = ["rota", "ma-spl"].map(|sender| harm(format!("{sender} + protocol")));
    let [c, d] = ["rota", "ma-spl"].map(|sender| harm(format!("{sender} + dt")));
    let value = found("harm", "difference").value.unwrap();
    let expected = (d - c) - (b - a);
    assert!(
        (value - expected).abs() < 1e-9 * (1.0 + expected.abs()),
        "{value}, {expected}"
    );
    let value = found("harm", "ratio").value.unwrap();
    let expected = (d / c) / (b / a);
    assert!((value - expected).abs() < 1e-9, "{value}, {expected}");
}

#[test]
fn the_report_shows_harm_first_and_the_interactions() {
    let report = std::fs::read_to_string(BENCH.folder.join("report.html")).unwrap();
    let at = |part: &str| report.find(part).unwrap_or_else(|| panic!("{part}"));
    assert!(at(">Harm<") < at("aria-label=\"beds over the day\""));
    for part in [
        ">Interactions<",
        "Harm saved against protocol, on the same days: 4 an hour",
        "Stability of patient",
        "not for clinical use",
    ] {
        at(part);
    }
}
