//! The figures of the reference on the shipped scenarios, and the order of the methods.

use rounds::statistics::Summary;
use rounds::statistics::summary::ArmSummary;
use serde_json::Value;

use super::{says, shipped, text, vectors};

/// Arms and their names in the reference.
const TRACKING: [(&str, &str); 8] = [
    ("random", "random"),
    ("osg", "osg"),
    ("ma-osea", "ma_osea"),
    ("ma-osma", "ma_osma"),
    ("ma-spl", "ma_spl"),
    ("ma-mpl", "ma_mpl_flood"),
    ("stale-greedy", "stale_greedy"),
    ("greedy", "greedy"),
];
const EKF: [(&str, &str); 5] = [
    ("random", "random"),
    ("ma-spl", "ma_spl_alpha1"),
    ("ma-spl alpha=0.1", "ma_spl_alpha0.1"),
    ("ma-mpl", "ma_mpl_plain"),
    ("greedy", "greedy"),
];

fn bench(scenario: &str, more: &[&str]) -> Summary {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("bench");
    let arguments = [&["bench", scenario, "--json", "--out", text(&out)], more].concat();
    serde_json::from_str(&says(shipped(), &arguments)).unwrap()
}

fn arm<'a>(summary: &'a Summary, name: &str) -> &'a ArmSummary {
    let found = summary.arms.iter().find(|arm| arm.name == name);
    found.unwrap_or_else(|| panic!("there is no arm {name}"))
}

fn number(value: &Value, key: &str) -> f64 {
    let number = value[key].as_f64();
    number.unwrap_or_else(|| panic!("no number {key} in {value}"))
}

/// Within four combined standard errors of the reference.
fn agrees(ours: &Value, theirs: &Value, what: &str) {
    let error = number(ours, "sd") / number(ours, "n").sqrt();
    let combined = error.hypot(number(theirs, "se"));
    let off = (number(ours, "mean") - number(theirs, "mean")) / combined;
    assert!(off.abs() < 4.0, "{what}: {ours} against {theirs}: {off}");
}

/// The reference of an arm; MA-MPL has two, of which the one with flooding is meant where it is there.
fn of<'a>(case: &'a Value, name: &str) -> &'a Value {
    let all = &case["algorithms"];
    match (all.get(name), name.strip_suffix("_flood")) {
        (Some(found), _) => found,
        (None, Some(plain)) => &all[plain],
        (None, None) => panic!("the reference has no {name}"),
    }
}

/// Verdict on `metric` of the paired comparison, from the side of `a`.
fn verdict(summary: &Summary, a: &str, b: &str) -> String {
    for found in &summary.comparisons {
        let turned = match found.verdict.as_str() {
            "better" => "worse",
            "worse" => "better",
            other => other,
        };
        if found.metric != "utility" {
            continue;
        }
        if (found.a.as_str(), found.b.as_str()) == (a, b) {
            return found.verdict.clone();
        }
        if (found.a.as_str(), found.b.as_str()) == (b, a) {
            return turned.to_owned();
        }
    }
    panic!("{a} and {b} were not compared")
}

#[test]
fn golden_tracking_summary() {
    let Some(file) = vectors("tracking_summary.json") else {
        return;
    };
    let summary = bench("tracking.toml", &["--seeds", "1..8"]);
    let mut checked = 0;
    for case in file.as_array().unwrap() {
        let ratio: Vec<u64> = serde_json::from_value(case["config"]["ratio"].clone()).unwrap();
        let graph = match case["config"]["graph"].as_str().unwrap() {
            "er" => "erdos-renyi",
            other => other,
        };
        let configuration = format!("{graph} {}:{}:{}", ratio[0], ratio[1], ratio[2]);
        for (name, theirs) in TRACKING {
            let ours = &arm(&summary, name).metrics[&format!("utility[{configuration}]")];
            let theirs = &of(case, theirs)["avg_utility"];
            agrees(ours, theirs, &format!("{configuration}, {name}"));
            checked += 1;
        }
    }
    println!("tracking_summary.json: {checked} figures");
    assert!(checked >= 16);

    // No order inside a group is demanded.
    let groups: [&[&str]; 5] = [
        &["random"],
        &["osg"],
        &["ma-osea", "ma-osma"],
        &["ma-spl", "ma-mpl"],
        &["greedy"],
    ];
    for pair in groups.windows(2) {
        for a in pair[0] {
            for b in pair[1] {
                assert_eq!(verdict(&summary, a, b), "worse", "{a} against {b}");
            }
        }
    }
}

/// Feedback that comes a hop a round costs utility on a sparse graph, as much as in the reference.
#[test]
fn golden_tracking_summary_with_late_feedback() {
    let Some(file) = vectors("tracking_summary.json") else {
        return;
    };
    let cases = file.as_array().unwrap().iter();
    let sparse = cases.filter(|case| case["algorithms"].get("ma_mpl_flood").is_some());
    let sparse: Vec<&Value> = sparse.collect();
    assert_eq!(sparse.len(), 1);
    let set = [
        "policies.ma-mpl.flooding=delayed",
        r#"arms=[{name="ma-mpl", set={"agents.team.policy"="ma-mpl"}}]"#,
    ];
    let seeds = ["--seeds", "1..8", "--set", set[0], "--set", set[1]];
    let summary = bench("tracking.toml", &seeds);
    let ours = &arm(&summary, "ma-mpl").metrics["utility[erdos-renyi 4:5:1]"];
    agrees(
        ours,
        &sparse[0]["algorithms"]["ma_mpl"]["avg_utility"],
        "late",
    );
}

#[test]
fn golden_ekf_summary() {
    let Some(file) = vectors("ekf_summary.json") else {
        return;
    };
    let mut checked = 0;
    for case in file.as_array().unwrap() {
        let configuration = match case["config"]["graph"].as_str().unwrap() {
            "er" => r#"[{name="er", graph="erdos-renyi", mean_degree=4}]"#.to_owned(),
            other => format!(r#"[{{name="{other}", graph="{other}"}}]"#),
        };
        let set = format!("environment.configurations={configuration}");
        // The reference of MA-MPL takes feedback as late as the graph is wide.
        let late = "policies.ma-mpl.flooding=delayed";
        let summary = bench("ekf.toml", &["--set", &set, "--set", late]);
        let trace = |name: &str| &arm(&summary, name).metrics["posterior_trace"];
        for (name, theirs) in EKF {
            let theirs = &case["algorithms"][theirs];
            if theirs.is_null() {
                continue;
            }
            agrees(trace(name), &theirs["avg_posterior_trace"], name);
            let error = &arm(&summary, name).metrics["position_error"];
            agrees(error, &theirs["avg_position_error"], name);
            checked += 2;
        }
        // Lower is better; the intervals of the ends do not reach those in between.
        let ends = |name: &str| {
            let ci: [f64; 2] = serde_json::from_value(trace(name)["ci95"].clone()).unwrap();
            ci
        };
        for name in ["ma-spl", "ma-spl alpha=0.1", "ma-mpl"] {
            assert!(ends(name)[1] < ends("random")[0], "{name}");
            assert!(ends("greedy")[1] < ends(name)[0], "{name}");
            assert_eq!(verdict(&summary, "random", name), "worse", "{name}");
            assert_eq!(verdict(&summary, name, "greedy"), "worse", "{name}");
        }
    }
    println!("ekf_summary.json: {checked} figures");
    assert!(checked >= 16);
}
