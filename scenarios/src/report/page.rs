//! The page as a whole: order of the sections and the limit on its size.

use std::cmp::Reverse;

use super::data::{Outcome, ReportCase, ReportData, ReportError};
use super::html::{count, escape_cut, name};
use super::requests::requests;
use super::transcript::{Anchors, block, figure, filter, plots};
use super::{accuracy, restrict, tables};

/// Largest page in bytes.
pub const MAX_BYTES: usize = 10_000_000;

/// The line that every clinical report shows.
pub const CLINICAL_DISCLAIMER: &str = "Research software, not for clinical use.";

/// Bytes kept for the start and the end of the list of transcripts.
const TAIL_BYTES: usize = 3000;
/// Characters of the scenario file shown.
const SCENARIO_CHARS: usize = 200_000;
/// Most command lines shown.
const COMMANDS: usize = 20;

/// Draws the page.
///
/// Transcripts come failures first: failed, aborted, missed, in the list, correct; inside one outcome in the order of
/// `data.cases`. Where they do not all fit into [`MAX_BYTES`] the last ones are left out and counted on the page. When
/// `data.restricted` is set no text of a record is on the page.
///
/// # Errors
/// [`ReportError::Plot`] when a plot cannot be drawn, [`ReportError::TooLarge`] when the tables alone exceed the limit.
///
/// # Determinism
/// The same data give the same bytes.
pub fn render(data: &ReportData) -> Result<String, ReportError> {
    if data.restricted {
        compose(&restrict::without_record_text(data))
    } else {
        compose(data)
    }
}

fn compose(data: &ReportData) -> Result<String, ReportError> {
    let mut cases: Vec<&ReportCase> = data.cases.iter().collect();
    cases.sort_by_key(|case| case.outcome);
    let mut out = head(data);
    if let Some(evaluation) = &data.evaluation {
        out.push_str(&super::evaluation::section(evaluation)?);
    }
    out.push_str(&results(data)?);
    for branch in &data.branches {
        out.push_str(&super::branch::section(branch));
    }
    for given in &data.sections {
        out.push_str(&super::section::section(given));
    }
    let mut given = Anchors::default();
    let anchored: Vec<(&ReportCase, String)> = cases
        .into_iter()
        .map(|case| (case, given.next(case.episode)))
        .collect();
    let featured = most_told(&anchored);
    let visit = featured.map_or_else(|| Ok(String::new()), |k| one_visit(&anchored[k], true))?;
    let after = after_transcripts(data);
    let fixed = out.len() + visit.len() + after.len() + TAIL_BYTES;
    if fixed > MAX_BYTES {
        return Err(ReportError::TooLarge {
            bytes: fixed,
            limit: MAX_BYTES,
        });
    }
    let (told, shown) = transcripts(data, &anchored, MAX_BYTES - fixed)?;
    match featured {
        Some(k) if k >= shown => out.push_str(&one_visit(&anchored[k], false)?),
        _ => out.push_str(&visit),
    }
    out.push_str(&told);
    out.push_str(&after);
    Ok(out)
}

fn head(data: &ReportData) -> String {
    let title = name(&data.title);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{title}</title><style>{}</style></head>\n<body>\n<header><h1>{title}</h1>",
        include_str!("page.css"),
    );
    if !data.disclaimer.is_empty() {
        out.push_str(&format!(
            "<p class=\"disclaimer\">{}</p>",
            name(&data.disclaimer)
        ));
    }
    out.push_str(&format!(
        "<p class=\"muted\"><code>{}</code> · seed {}</p>",
        escape_cut(&data.command, 2000),
        data.seed
    ));
    if data.restricted {
        out.push_str(
            "<p class=\"muted\">The records of this run are restricted: the page holds none of their text.</p>",
        );
    }
    out.push_str("</header>\n<main>\n<div class=\"tiles\">");
    let counts = data.episodes;
    for (label, value, alarm) in [
        ("asked", counts.asked, false),
        ("done", counts.done, false),
        ("failed", counts.failed, counts.failed > 0),
        ("aborted", counts.aborted, counts.aborted > 0),
    ] {
        let class = if alarm { "tile alarm" } else { "tile" };
        out.push_str(&format!(
            "<div class=\"{class}\"><b>{value}</b><span>{label}</span></div>"
        ));
    }
    out.push_str("</div>\n");
    for line in &data.calls {
        out.push_str(&format!(
            "<p class=\"muted\">{}</p>\n",
            escape_cut(line, 2000)
        ));
    }
    for cut in &data.limits {
        out.push_str(&format!(
            "<p class=\"omitted\">{} cut by <code>limits.{}</code>: {}</p>\n",
            count(cut.episodes as usize, "episode was", "episodes were"),
            name(&cut.name),
            escape_cut(&cut.why, 500)
        ));
    }
    out
}

fn results(data: &ReportData) -> Result<String, ReportError> {
    let mut out = format!(
        "<section><h2>Results</h2>{}{}",
        tables::metrics(&data.arms),
        requests(&data.requests)
    );
    let mut drawn = String::new();
    if let Some(svg) = accuracy::by_arm(&data.arms)? {
        drawn.push_str(&figure("Accuracy by arm", &svg));
    }
    if let Some((svg, cost)) = accuracy::against_cost(&data.arms)? {
        drawn.push_str(&figure(&format!("Accuracy against {cost}"), &svg));
    }
    if !drawn.is_empty() {
        out.push_str(&format!("<div class=\"plots\">{drawn}</div>"));
        if data.arms.len() > accuracy::ARMS_DRAWN {
            out.push_str(&format!(
                "<p class=\"muted small\">The plots show the first {} arms.</p>",
                accuracy::ARMS_DRAWN
            ));
        }
    }
    out.push_str("</section>\n");
    if !data.comparisons.is_empty() {
        out.push_str(&format!(
            "<section><h2>Comparisons</h2>{}</section>\n",
            tables::comparisons(&data.arms, &data.comparisons)
        ));
    }
    Ok(out)
}

/// Index of the visit to draw at the top: one that came to its end, with the most to see in its plots.
fn most_told(cases: &[(&ReportCase, String)]) -> Option<usize> {
    let ended = |case: &ReportCase| !matches!(case.outcome, Outcome::Failed | Outcome::Aborted);
    let score = |case: &ReportCase| {
        let (teams, beliefs) = (case.teams.len().min(12), case.belief.len().min(12));
        (ended(case), teams, beliefs)
    };
    (0..cases.len())
        .filter(|&k| !cases[k].0.teams.is_empty() || !cases[k].0.belief.is_empty())
        // The first of equals wins.
        .max_by_key(|&k| (score(cases[k].0), Reverse(k)))
}

/// One visit, drawn where it is seen without opening anything.
fn one_visit((case, anchor): &(&ReportCase, String), linked: bool) -> Result<String, ReportError> {
    let link = if linked {
        format!(" <a href=\"#{anchor}\">Its transcript</a> is below.")
    } else {
        String::new()
    };
    Ok(format!(
        "<section><h2>One visit</h2><p>Episode {} of arm {}: <span class=\"badge {}\">{}</span> after {}.{link}</p>{}</section>\n",
        case.episode,
        name(&case.arm),
        case.outcome.class(),
        case.outcome.words(),
        count(case.rounds as usize, "round", "rounds"),
        plots(case)?,
    ))
}

/// The section of transcripts in at most `room` bytes and a short end, and how many of the cases it tells.
fn transcripts(
    data: &ReportData,
    cases: &[(&ReportCase, String)],
    mut room: usize,
) -> Result<(String, usize), ReportError> {
    if cases.is_empty() && !data.sections.is_empty() {
        return Ok((String::new(), 0));
    }
    let mut blocks = String::new();
    let mut shown = 0;
    for (case, anchor) in cases {
        let html = block(case, anchor, data.restricted)?;
        let Some(left) = room.checked_sub(html.len()) else {
            break;
        };
        room = left;
        blocks.push_str(&html);
        shown += 1;
    }
    let mut out = String::from("<section><h2>Transcripts</h2>");
    if shown > 0 {
        out.push_str("<p class=\"muted\">Failures first. Open one to read who asked what.</p>");
        out.push_str(&filter(cases[..shown].iter().map(|(case, _)| case.outcome)));
    }
    out.push_str(&blocks);
    let omitted = data.omitted_cases.saturating_add(cases.len() - shown);
    if omitted > 0 {
        out.push_str(&format!(
            "<p class=\"omitted\">{} not on this page: <code>rounds show RUN EPISODE</code> tells each of them.</p>",
            count(omitted, "more episode is", "more episodes are")
        ));
    }
    out.push_str("</section>\n");
    Ok((out, shown))
}

fn after_transcripts(data: &ReportData) -> String {
    let mut out = String::new();
    if !data.next_commands.is_empty() {
        out.push_str("<section><h2>Next</h2><ul class=\"commands\">");
        for command in data.next_commands.iter().take(COMMANDS) {
            out.push_str(&format!(
                "<li><code>{}</code></li>",
                escape_cut(command, 2000)
            ));
        }
        out.push_str("</ul></section>\n");
    }
    if !data.scenario_toml.is_empty() {
        out.push_str(&format!(
            "<section><h2>Scenario</h2><details><summary>the scenario that was run</summary>\
             <pre>{}</pre></details></section>\n",
            escape_cut(&data.scenario_toml, SCENARIO_CHARS)
        ));
    }
    out.push_str(&format!(
        "</main>\n<footer class=\"muted small\">Made by rounds {}. {}</footer>\n</body></html>\n",
        env!("CARGO_PKG_VERSION"),
        name(&data.disclaimer)
    ));
    out
}

#[cfg(test)]
mod tests {
    use super::super::data::TranscriptLine;
    use super::super::sample::sample;
    use super::*;

    #[test]
    fn the_sample_page_is_whole() {
        let page = render(&sample()).unwrap();
        if let Some(path) = std::env::var_os("ROUNDS_REPORT_OUT") {
            std::fs::write(path, &page).unwrap();
        }
        for part in [
            CLINICAL_DISCLAIMER,
            "id=\"e12\"",
            "Comparisons",
            "One visit",
            "[environment]",
        ] {
            assert!(page.contains(part), "no {part}");
        }
        assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
        assert_eq!(page, render(&sample()).unwrap());
    }

    #[test]
    fn nothing_is_loaded_and_nothing_runs() {
        let page = render(&sample()).unwrap();
        for word in [
            "http:", "https:", "//www", "src=", "<script", "<link", "@import", "url(",
        ] {
            assert!(!page.contains(word), "the page holds {word}");
        }
    }

    #[test]
    fn hostile_text_stays_text_everywhere() {
        let bad = "</style></title><script>alert(1)</script>\"'><img src=x>";
        let mut data = sample();
        data.title = bad.into();
        data.command = bad.into();
        data.disclaimer = bad.into();
        data.scenario_toml = bad.into();
        data.next_commands = vec![bad.into()];
        for arm in &mut data.arms {
            arm.name = bad.into();
            for metric in &mut arm.metrics {
                metric.why = Some(bad.into());
            }
            arm.metrics[0].name = bad.into();
        }
        for test in &mut data.comparisons {
            test.a = bad.into();
            test.b = bad.into();
            test.metric = bad.into();
            test.verdict = bad.into();
        }
        for case in &mut data.cases {
            case.arm = bad.into();
            case.case = bad.into();
            case.reason = Some(bad.into());
            case.truth = vec![bad.into()];
            case.predicted = vec![bad.into()];
            for line in &mut case.lines {
                line.side = bad.into();
                line.agent = bad.into();
                line.kind = bad.into();
                line.text = bad.into();
            }
            for span in &mut case.teams {
                span.agent = bad.into();
            }
            for point in &mut case.belief {
                point.top = vec![(bad.into(), 0.5)];
            }
        }
        let page = render(&data).unwrap();
        assert!(!page.contains("<script") && !page.contains("<img"));
        assert_eq!(page.matches("</style>").count(), 1);
    }

    #[test]
    fn failures_come_first() {
        let page = render(&sample()).unwrap();
        let at = |class: &str| {
            page.find(&format!("<details class=\"case {class}\""))
                .unwrap()
        };
        let order: Vec<usize> = ["failed", "aborted", "missed", "listed", "correct"]
            .map(at)
            .to_vec();
        assert!(order.is_sorted(), "{order:?}");
    }

    #[test]
    fn a_large_run_fits_and_counts_what_it_leaves_out() {
        let mut data = sample();
        data.omitted_cases = 7;
        let line = TranscriptLine {
            text: "& \"long\" <answer> ".repeat(150),
            ..TranscriptLine::default()
        };
        data.cases = (0..200)
            .map(|episode| ReportCase {
                episode,
                outcome: if episode == 199 {
                    Outcome::Failed
                } else {
                    Outcome::Correct
                },
                lines: vec![line.clone(); 60],
                ..ReportCase::default()
            })
            .collect();
        let page = render(&data).unwrap();
        assert!(
            page.len() <= MAX_BYTES && page.len() > MAX_BYTES * 9 / 10,
            "{}",
            page.len()
        );
        let shown = page.matches("<details class=\"case").count();
        assert!(page.contains("id=\"e199\"") && !page.contains("id=\"e198\""));
        assert!(page.contains(&format!(
            "{} more episodes are not on this page",
            207 - shown
        )));
        assert!(page.ends_with("</html>\n"));
    }

    #[test]
    fn tables_beyond_the_limit_are_refused() {
        let mut data = sample();
        let mut arm = data.arms[0].clone();
        arm.metrics = (0..40)
            .map(|k| super::super::data::ReportMetric {
                name: format!("m{k}"),
                why: Some("\"".repeat(500)),
                ..Default::default()
            })
            .collect();
        data.arms = vec![arm; 200];
        data.next_commands = vec!["\"".repeat(2000); 20];
        data.scenario_toml = "&".repeat(2_000_000);
        let refused = render(&data);
        assert!(
            matches!(refused, Err(ReportError::TooLarge { bytes, limit: MAX_BYTES }) if bytes > MAX_BYTES)
        );
    }

    #[test]
    fn a_restricted_page_holds_no_record_text() {
        let mut data = sample();
        data.restricted = true;
        let page = render(&data).unwrap();
        for case in &sample().cases {
            for secret in case
                .lines
                .iter()
                .map(|l| &l.text)
                .chain(&case.truth)
                .chain(&case.predicted)
                .chain(&case.reason)
                .chain(
                    case.belief
                        .iter()
                        .flat_map(|b| b.top.iter().map(|(n, _)| n)),
                )
                .chain([&case.case])
                .filter(|t| !t.is_empty())
            {
                let written = super::super::html::escape(secret);
                assert!(!page.contains(&written), "leaked: {secret}");
            }
        }
        assert!(page.contains(restrict::NOTE));
        assert!(page.contains("Cardiology"), "who acted stays");
    }

    #[test]
    fn an_empty_run_still_makes_a_page() {
        let page = render(&ReportData::default()).unwrap();
        assert!(page.contains("No metric was measured."));
    }
}
