//! What a training leaves for people and programs: `report.html` and `summary.json`.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::prepare::{Finished, Training};
use crate::report::{Curve, ReportTraining, render_training};
use crate::run::{RunError, pretty};
use crate::statistics::calls::Calls;
use crate::statistics::summary::{ArmSummary, Episodes, SCHEMA, Summary, Timing};

/// Points of a curve at most.
const POINTS: usize = 150;

/// What is told of a finished training.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// For programs.
    pub summary: Summary,
    /// For people, as HTML.
    pub page: String,
}

/// Reads the history of a training in `folder`, and writes what is told of it beside.
///
/// # Errors
/// [`RunError`] when a file cannot be read or written.
pub fn write_report(
    training: &Training,
    finished: &Finished,
    folder: &Path,
    seconds: f64,
) -> Result<Report, RunError> {
    let path = folder.join("history.jsonl");
    let text = fs::read_to_string(&path).map_err(RunError::file(&path, "cannot be read"))?;
    let lines: Vec<Value> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let of = |kind: &str, key: &str| -> Vec<(f64, f64)> {
        let points = lines.iter().filter_map(|line| {
            let line = &line[kind];
            Some((line["step"].as_f64()?, line[key].as_f64()?))
        });
        points.collect()
    };
    let summary = summary(training, finished, seconds);
    let curve = |name: &str, points: Vec<(f64, f64)>| Curve {
        name: name.to_owned(),
        points: binned(&points),
        reference: false,
    };
    let held_out = of("evaluation", "loss");
    let page = render_training(&ReportTraining {
        title: training.spec().name.clone(),
        facts: training.facts(finished),
        loss: vec![
            curve("trained on", of("step", "loss")),
            Curve {
                name: "held out".to_owned(),
                points: held_out.iter().map(|&(x, y)| (x, y, None)).collect(),
                reference: false,
            },
        ],
        rate: vec![curve("learning rate", thousandths(of("step", "rate")))],
        gradient: vec![curve("gradient norm", of("step", "gradient_norm"))],
        restricted: training.is_restricted(),
    })
    .map_err(|error| RunError::Input(error.to_string()))?;
    for (name, bytes) in [
        ("summary.json", pretty(&summary)),
        ("report.html", page.clone().into_bytes()),
    ] {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(RunError::file(&path, "cannot be written"))?;
    }
    Ok(Report { summary, page })
}

fn summary(training: &Training, finished: &Finished, seconds: f64) -> Summary {
    let mut arm = ArmSummary {
        name: "default".to_owned(),
        settings: Map::new(),
        metrics: Map::new(),
    };
    if let Some(estimate) = &finished.held_out {
        arm.put("held_out_loss", estimate);
    }
    let ended = u64::from(finished.trained.is_some());
    Summary {
        schema: SCHEMA.to_owned(),
        scenario: training.spec().name.clone(),
        seed: training.spec().config.seed,
        command: "train".to_owned(),
        episodes: Episodes {
            asked: 1,
            done: ended,
            failed: 0,
            aborted: 1 - ended,
        },
        limit: Vec::new(),
        arms: vec![arm],
        comparisons: Vec::new(),
        interactions: Vec::new(),
        calls: Calls::default(),
        until: None,
        timing: Timing {
            wall_s: seconds,
            ..Timing::default()
        },
        evaluation: None,
    }
}

/// Rates are so small that their ticks would round to the same text.
fn thousandths(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    points.into_iter().map(|(x, y)| (x, 1000.0 * y)).collect()
}

/// Means of neighbouring points with the interval of each mean, so that noise does not hide the
/// course.
fn binned(points: &[(f64, f64)]) -> Vec<(f64, f64, Option<[f64; 2]>)> {
    let size = points.len().div_ceil(POINTS).max(1);
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
    points
        .chunks(size)
        .map(|bin| {
            let xs: Vec<f64> = bin.iter().map(|(x, _)| *x).collect();
            let ys: Vec<f64> = bin.iter().map(|(_, y)| *y).collect();
            let (x, y, n) = (mean(&xs), mean(&ys), ys.len() as f64);
            let squares: f64 = ys.iter().map(|value| (value - y).powi(2)).sum();
            let half = (n > 1.0).then(|| 1.96 * (squares / (n - 1.0) / n).sqrt());
            (x, y, half.map(|half| [y - half, y + half]))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_hold_means_with_their_intervals() {
        let points: Vec<(f64, f64)> = (0..300).map(|k| (f64::from(k), f64::from(k % 2))).collect();
        let bins = binned(&points);
        assert_eq!(bins.len(), 150);
        assert_eq!((bins[0].0, bins[0].1), (0.5, 0.5));
        let half = 1.96 * (0.5_f64 / 2.0).sqrt();
        assert_eq!(bins[0].2, Some([0.5 - half, 0.5 + half]));
        assert_eq!(binned(&points[..3])[2], (2.0, 0.0, None));
        assert!(binned(&[]).is_empty());
    }
}
