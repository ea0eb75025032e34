//! `rounds compare`.

use std::fmt::Write;
use std::path::Path;

use super::args::CompareArgs;
use super::results::{out_folder, report_link, side, write_all};
use super::{Failure, print};
use crate::clinic::NOTICE;
use crate::compare::{Compared, Flip, choose_metrics, comparable, compare_sides, markdown};
use crate::report::{render_comparison, write_columns};
use crate::run::{RunError, pretty};

/// Flips that a terminal shows.
const FLIPS: usize = 8;

/// Compares two finished runs.
pub(crate) fn compare(arguments: &CompareArgs) -> Result<(), Failure> {
    let arms = arguments.arm.as_slice();
    let (arm_a, arm_b) = match arms {
        [] => (None, None),
        [both] => (Some(both.as_str()), Some(both.as_str())),
        [a, b] => (Some(a.as_str()), Some(b.as_str())),
        more => {
            return Err(Failure::Usage(format!(
                "--arm: expected at most two, of A and of B, got {}",
                more.len()
            )));
        }
    };
    let a = side(&arguments.a, arm_a)?;
    let b = side(&arguments.b, arm_b)?;
    let named = [arguments.a.clone(), arguments.b.clone()];
    let folder = out_folder(&arguments.results, "compare", &named)?;
    let pairing = comparable(&a, &b).map_err(|error| Failure::Usage(error.to_string()))?;
    let mut in_both = a.clone();
    in_both.metrics.retain(|metric| b.metrics.contains(metric));
    let metrics = choose_metrics(&in_both, &arguments.metric)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    if metrics.is_empty() {
        return Err(Failure::Usage(
            "the runs have no metric that decides; name one with --metric".to_owned(),
        ));
    }
    let compared = compare_sides(&a, &b, &metrics, pairing)?;
    let links = [report_link(&folder, &a), report_link(&folder, &b)];
    let page = render_comparison(&compared, &links, &typed(arguments), NOTICE)
        .map_err(|error| RunError::Input(error.to_string()))?;
    let summary = pretty(&compared);
    write_all(
        &folder,
        &[
            ("summary.json", &summary),
            ("compare.md", markdown(&compared).as_bytes()),
            ("report.html", page.as_bytes()),
        ],
    )?;
    if arguments.results.json {
        print(&String::from_utf8_lossy(&summary));
    } else {
        print(&text(&compared, &folder, arguments.results.quiet));
    }
    let comparisons = &compared.summary.comparisons;
    let worse: Vec<&str> = comparisons
        .iter()
        .filter(|c| c.verdict == "worse")
        .map(|c| c.metric.as_str())
        .collect();
    if arguments.fail_on_regression && !worse.is_empty() {
        let worse = worse.join(", ");
        return Err(Failure::Threshold(format!("B is worse than A on {worse}")));
    }
    Ok(())
}

/// The first flip of each case in each direction; every flip where the cases have no names.
fn first_of_cases(flips: &[Flip]) -> impl Iterator<Item = &Flip> {
    flips.iter().enumerate().filter_map(|(at, flip)| {
        let before = &flips[..at];
        let same = |other: &Flip| other.case == flip.case && other.change == flip.change;
        (flip.case.is_empty() || !before.iter().any(same)).then_some(flip)
    })
}

fn typed(arguments: &CompareArgs) -> String {
    let mut typed = format!(
        "rounds compare {} {}",
        arguments.a.display(),
        arguments.b.display()
    );
    for arm in &arguments.arm {
        let _ = write!(typed, " --arm {arm}");
    }
    for metric in &arguments.metric {
        let _ = write!(typed, " --metric {metric}");
    }
    typed
}

fn text(compared: &Compared, folder: &Path, quiet: bool) -> String {
    let mut out = String::new();
    for (name, side) in [("A", &compared.a), ("B", &compared.b)] {
        let _ = writeln!(out, "{name}  {}", side.line());
    }
    for change in &compared.changed {
        let _ = writeln!(out, "   {}: {}", change.key, change.values());
    }
    let _ = writeln!(out, "\n{}", compared.design_line());
    out.push('\n');
    let head = [
        "metric",
        "A",
        "B",
        "B − A",
        "95 % interval",
        "p (Holm)",
        "B is",
        "detects",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(compared.metric_rows().into_iter().map(Vec::from));
    write_columns(&mut out, &rows);
    if let Some(line) = compared.flips_line() {
        let _ = writeln!(out, "\n{line}");
        let shown = if quiet { 0 } else { FLIPS };
        let mut told = 0;
        for flip in first_of_cases(&compared.flips).take(shown) {
            let same = |other: &&Flip| other.case == flip.case && other.change == flip.change;
            let alike = match flip.case.is_empty() {
                true => 1,
                false => compared.flips.iter().filter(same).count(),
            };
            told += alike;
            let _ = write!(out, "  {} {}", flip.name(), flip.change);
            if alike > 1 {
                let _ = write!(out, ", and in {} more of its episodes", alike - 1);
            }
            out.push('\n');
            for line in flip.lines() {
                let _ = writeln!(out, "    {line}");
            }
            let _ = writeln!(out, "    {}\n    {}", flip.show_a, flip.show_b);
        }
        let more = compared.gained + compared.lost;
        if more > told && !quiet {
            let _ = writeln!(out, "  {} more in compare.md", more - told);
        }
        let _ = writeln!(out, "{}", compared.moves_line());
    }
    let _ = writeln!(
        out,
        "\nReport: {}\n\n{NOTICE}",
        folder.join("report.html").display()
    );
    out
}
