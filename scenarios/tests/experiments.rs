//! The shipped experiments, by the real binary: the thresholds of the built-in base, and the
//! figures that were measured before on the table derived from DDXPlus.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at what cannot be, and says what it skips"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use rounds::statistics::Summary;
use rounds::statistics::summary::ArmSummary;

/// Runs every arm of a shipped scenario.
fn bench(scenario: &str, set: &[String]) -> Summary {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rounds"));
    command
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .args(["bench", scenario, "--json", "--out"])
        .arg(folder.path().join("bench"));
    for set in set {
        command.args(["--set", set]);
    }
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn arm<'a>(summary: &'a Summary, name: &str) -> &'a ArmSummary {
    let found = summary.arms.iter().find(|arm| arm.name == name);
    found.unwrap_or_else(|| panic!("there is no arm {name}"))
}

fn metric(summary: &Summary, name: &str, metric: &str, part: &str) -> f64 {
    let value = &arm(summary, name).metrics[metric][part];
    value.as_f64().unwrap_or_else(|| panic!("{name}, {metric}"))
}

fn mean(summary: &Summary, name: &str, of: &str) -> f64 {
    metric(summary, name, of, "mean")
}

/// The verdict on hit@1 of the paired comparison of `a` with `b`, from the side of `a`.
fn verdict(summary: &Summary, a: &str, b: &str) -> String {
    let of = |a: &str, b: &str| {
        let same = |c: &&rounds::statistics::summary::Comparison| {
            c.a == a && c.b == b && c.metric == "hit@1"
        };
        summary.comparisons.iter().find(same)
    };
    match (of(a, b), of(b, a)) {
        (Some(found), _) => found.verdict.clone(),
        (None, Some(found)) if found.verdict == "better" => "worse".to_owned(),
        (None, Some(found)) if found.verdict == "worse" => "better".to_owned(),
        (None, Some(found)) => found.verdict.clone(),
        (None, None) => panic!("{a} and {b} were not compared"),
    }
}

fn assert_rising(summary: &Summary, arms: &[&str]) {
    for pair in arms.windows(2) {
        let found = verdict(summary, pair[0], pair[1]);
        assert_eq!(found, "worse", "{} against {}", pair[0], pair[1]);
    }
}

/// Dynamic teams reach the whole panel with far fewer calls, and no more than one who knows all.
fn assert_dynamic_teams(summary: &Summary) {
    assert_rising(summary, &["solo-fixed", "static", "dynamic"]);
    assert_ne!(verdict(summary, "dynamic", "generalist"), "better");
    let of = |name, of| mean(summary, name, of);
    assert!(of("dynamic", "hit@1") >= of("all", "hit@1") - 0.05);
    assert!(of("dynamic", "agent_calls") < 0.6 * of("all", "agent_calls"));
}

#[test]
fn the_builtin_base_is_hard_enough_and_questions_matter() {
    let summary = bench("scenarios/questions.toml", &[]);
    let hit = |name| mean(&summary, name, "hit@1");
    assert!(hit("none") <= 0.45 && hit("random") <= 0.60);
    assert!(hit("all-findings") >= 0.97);
    assert_rising(&summary, &["none", "random", "fixed", "gain"]);
}

#[test]
fn the_builtin_base_rewards_dynamic_teams() {
    let summary = bench("scenarios/teams.toml", &[]);
    assert!(mean(&summary, "dynamic", "hit@1") >= 0.70);
    assert!(mean(&summary, "dynamic", "hit@10") >= 0.85);
    assert_dynamic_teams(&summary);
}

/// The setting that takes patients from the derived table, where the data is.
fn ddxplus() -> Option<[String; 1]> {
    let shared = std::env::var_os("ROUNDS_SHARED_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let table = std::path::absolute(shared.join("ddxplus/kb_binary_rates.json")).unwrap();
    if !table.exists() {
        println!("skipped: {} is not there", table.display());
        return None;
    }
    let key = "environment.patients.knowledge";
    Some([format!("{key}={}", table.display())])
}

/// Compares a mean with a figure measured on `n` other patients: within four standard errors of
/// both together. The spread of a share follows from it; that of a count is taken from our own.
fn assert_reproduced(summary: &Summary, name: &str, of: &str, figure: f64, n: f64) {
    let (ours, sd) = (mean(summary, name, of), metric(summary, name, of, "sd"));
    let cases = metric(summary, name, of, "n");
    assert!(cases >= n, "{name}: {cases} patients");
    let variance = match of {
        "hit@1" | "hit@10" => figure * (1.0 - figure),
        _ => sd * sd,
    };
    let error = (sd * sd / cases + variance / n).sqrt();
    let off = (ours - figure) / error;
    println!("{name:<20} {of:<12} {ours:8.3}, before {figure:8.3}: {off:+.1} standard errors");
    // Counts were given with one decimal.
    let rounding = if figure >= 1.0 {
        0.05_f64.max(figure * 0.005)
    } else {
        0.0005
    };
    assert!(
        (ours - figure).abs() <= 4.0 * error + rounding,
        "{name}, {of}: {ours} against {figure}, {off} standard errors"
    );
}

#[test]
#[expect(clippy::approx_constant, reason = "a Brier score that looks like 1/π")]
fn question_policies_reproduce_the_figures_on_ddxplus() {
    let Some(set) = ddxplus() else { return };
    let summary = bench("scenarios/questions.toml", &set);
    for (name, hit, questions) in [
        ("none", 0.367, None),
        ("random", 0.460, Some(9.5)),
        ("fixed", 0.772, Some(8.1)),
        ("gain-5", 0.775, Some(3.8)),
        ("gain", 0.907, Some(5.2)),
        ("gain-20", 0.965, Some(6.5)),
        ("gain-30", 0.985, Some(9.0)),
        ("random-noisy", 0.400, None),
        ("fixed-noisy", 0.630, None),
        ("gain-5-noisy", 0.675, None),
        ("gain-noisy", 0.745, None),
        ("gain-20-noisy", 0.810, None),
        ("gain-20-noise-aware", 0.868, Some(11.5)),
        ("gain-30-noisy", 0.875, None),
        ("gain-30-noise-aware", 0.900, None),
    ] {
        assert_reproduced(&summary, name, "hit@1", hit, 400.0);
        if let Some(questions) = questions {
            assert_reproduced(&summary, name, "questions", questions, 400.0);
        }
    }
    for (name, brier) in [("gain-20-noisy", 0.318), ("gain-20-noise-aware", 0.169)] {
        assert_reproduced(&summary, name, "brier", brier, 400.0);
    }
    assert_rising(&summary, &["none", "random", "fixed", "gain"]);
    assert_rising(&summary, &["gain-20-noisy", "gain-20-noise-aware"]);
}

#[test]
fn teams_reproduce_the_figures_on_ddxplus() {
    let Some(set) = ddxplus() else { return };
    let summary = bench("scenarios/teams.toml", &set);
    for (name, ten, twenty, questions, calls) in [
        ("solo-fixed", [0.513, 0.540], [0.520, 0.540], 11.6, 12.0),
        (
            "solo-replaceable",
            [0.780, 0.820],
            [0.890, 0.917],
            7.6,
            16.0,
        ),
        ("static", [0.723, 0.760], [0.743, 0.763], 8.6, 28.0),
        ("dynamic", [0.833, 0.867], [0.893, 0.927], 6.9, 47.0),
        ("all", [0.833, 0.867], [0.923, 0.960], 6.8, 100.0),
        ("generalist", [0.893, 0.990], [0.950, 0.997], 6.2, 7.0),
    ] {
        let longer = format!("{name}-20");
        for (arm, hits) in [(name, ten), (longer.as_str(), twenty)] {
            assert_reproduced(&summary, arm, "hit@1", hits[0], 300.0);
            assert_reproduced(&summary, arm, "hit@10", hits[1], 300.0);
        }
        assert_reproduced(&summary, &longer, "questions", questions, 300.0);
        assert_reproduced(&summary, &longer, "agent_calls", calls, 300.0);
    }
    assert_dynamic_teams(&summary);
}
