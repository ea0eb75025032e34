//! `rounds leaderboard`.

use std::fmt::Write;
use std::path::Path;

use super::args::LeaderboardArgs;
use super::results::{out_folder, report_link, sides, write_all};
use super::{Failure, print};
use crate::clinic::NOTICE;
use crate::compare::{Side, choose_metrics};
use crate::leaderboard::{Standings, choose_cost, rank_sides, standings_markdown};
use crate::report::{render_standings, write_columns};
use crate::run::{RunError, pretty};

/// Ranks finished runs.
pub(crate) fn leaderboard(arguments: &LeaderboardArgs) -> Result<(), Failure> {
    let mut all: Vec<Side> = Vec::new();
    for run in &arguments.runs {
        all.extend(sides(run)?);
    }
    let folder = out_folder(&arguments.results, "leaderboard", &arguments.runs)?;
    let Some(first) = all.first() else {
        return Err(Failure::Usage("there is no run to rank".to_owned()));
    };
    let asked: Vec<String> = arguments.metric.iter().cloned().collect();
    let usage = |error: crate::compare::UnknownMetric| Failure::Usage(error.to_string());
    let metrics = choose_metrics(first, &asked).map_err(usage)?;
    let Some(metric) = metrics.first() else {
        return Err(Failure::Usage(
            "the runs have no metric that decides; name one with --metric".to_owned(),
        ));
    };
    let cost = choose_cost(first, arguments.cost.as_deref()).map_err(usage)?;
    let ranked = rank_sides(&all, metric, cost.as_deref())?;
    let links: Vec<Option<String>> = ranked
        .standings
        .iter()
        .map(|standing| {
            let of =
                |side: &&Side| side.arm == standing.arm && side.folder == Path::new(&standing.run);
            all.iter()
                .find(of)
                .and_then(|side| report_link(&folder, side))
        })
        .collect();
    let named: Vec<String> = arguments
        .runs
        .iter()
        .map(|r| r.display().to_string())
        .collect();
    let command = format!("rounds leaderboard {}", named.join(" "));
    let page = render_standings(&ranked, &links, &command, NOTICE)
        .map_err(|error| RunError::Input(error.to_string()))?;
    let summary = pretty(&ranked);
    write_all(
        &folder,
        &[
            ("summary.json", &summary),
            ("leaderboard.md", standings_markdown(&ranked).as_bytes()),
            ("report.html", page.as_bytes()),
        ],
    )?;
    if arguments.results.json {
        print(&String::from_utf8_lossy(&summary));
    } else {
        print(&text(&ranked, &folder, arguments.results.quiet));
    }
    Ok(())
}

fn text(ranked: &Standings, folder: &Path, quiet: bool) -> String {
    let mut out = String::new();
    if !quiet {
        let _ = writeln!(out, "{}\n", ranked.head());
    }
    let mut rows = vec![ranked.titles()];
    rows.extend(ranked.standings.iter().map(|standing| ranked.row(standing)));
    write_columns(&mut out, &rows);
    if !ranked.apart.is_empty() {
        out.push_str("\nNot ranked:\n");
        for apart in &ranked.apart {
            let _ = writeln!(out, "  {}: {}", apart.name, apart.reason);
        }
    }
    let _ = writeln!(
        out,
        "\nReport: {}\n\n{NOTICE}",
        folder.join("report.html").display()
    );
    out
}
