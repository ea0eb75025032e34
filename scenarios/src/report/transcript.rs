//! One episode as a block that opens: the answer, the plots, who said what.

use std::collections::BTreeSet;

use super::data::{Outcome, ReportCase, ReportError, TranscriptLine};
use super::html::{count, escape_cut, name, plain};
use super::visit;

/// Longest text of one line, in characters.
const LINE_CHARS: usize = 4000;
/// Bytes after which a transcript is cut.
const TRANSCRIPT_BYTES: usize = 400_000;
/// Longest list of diagnoses shown.
const LIST: usize = 20;

/// Gives each block an anchor of its own: `e12`, and `e12-2` when a second arm has the same number.
#[derive(Debug, Default)]
pub(super) struct Anchors(BTreeSet<String>);

impl Anchors {
    /// The anchor of the next block of this episode.
    pub(super) fn next(&mut self, episode: u64) -> String {
        let mut anchor = format!("e{episode}");
        let mut again = 2_u32;
        while !self.0.insert(anchor.clone()) {
            anchor = format!("e{episode}-{again}");
            again += 1;
        }
        anchor
    }
}

/// One case as a `<details>` block.
///
/// # Errors
/// [`ReportError::Plot`] when a plot cannot be drawn.
pub(super) fn block(
    case: &ReportCase,
    anchor: &str,
    restricted: bool,
) -> Result<String, ReportError> {
    let mut out = format!(
        "<details class=\"case {}\"><summary><span class=\"badge {}\">{}</span> <b>{anchor}</b> \
         <span>{}</span> <span class=\"muted\">{}</span> <span class=\"muted right\">{}, cost {}</span></summary>\n\
         <div class=\"body\" id=\"{anchor}\">",
        case.outcome.class(),
        case.outcome.class(),
        case.outcome.words(),
        name(&case.case),
        name(&case.arm),
        count(case.rounds as usize, "round", "rounds"),
        plain(case.cost),
    );
    if let Some(reason) = &case.reason {
        out.push_str(&format!(
            "<p class=\"reason\">{}: {}</p>",
            case.outcome.words(),
            escape_cut(reason, LINE_CHARS)
        ));
    }
    if restricted {
        out.push_str(
            "<p class=\"muted\">Diagnoses, beliefs and words are left out: the records are restricted.</p>",
        );
    } else {
        out.push_str(&answers(case));
    }
    out.push_str(&plots(case)?);
    out.push_str(&lines(&case.lines));
    out.push_str("</div></details>\n");
    Ok(out)
}

fn answers(case: &ReportCase) -> String {
    let same = |a: &str, b: &str| a.trim().to_lowercase() == b.trim().to_lowercase();
    let is_true = |p: &str| case.truth.iter().any(|t| same(t, p));
    let mut out = String::from("<div class=\"answers\"><div><h4>True</h4><ul>");
    for truth in case.truth.iter().take(LIST) {
        out.push_str(&format!("<li>{}</li>", name(truth)));
    }
    if case.truth.is_empty() {
        out.push_str("<li class=\"muted\">not known</li>");
    }
    out.push_str("</ul></div><div><h4>Named, most likely first</h4><ol>");
    for predicted in case.predicted.iter().take(LIST) {
        let class = if is_true(predicted) {
            " class=\"hit\""
        } else {
            ""
        };
        out.push_str(&format!("<li{class}>{}</li>", name(predicted)));
    }
    if case.predicted.is_empty() {
        out.push_str("<li class=\"muted\">nothing</li>");
    }
    out.push_str("</ol></div></div>");
    out
}

/// The plots of one visit, side by side where there is room.
pub(super) fn plots(case: &ReportCase) -> Result<String, ReportError> {
    let mut out = String::new();
    if let Some(svg) = visit::team(case)? {
        out.push_str(&figure("Team over the rounds", &svg));
    }
    if let Some(svg) = visit::belief(case)? {
        out.push_str(&figure("Belief over the rounds", &svg));
    }
    if out.is_empty() {
        return Ok(out);
    }
    Ok(format!("<div class=\"plots\">{out}</div>"))
}

/// A drawing with its caption, both already safe.
pub(super) fn figure(caption: &str, svg: &str) -> String {
    format!("<figure><figcaption>{caption}</figcaption>{svg}</figure>")
}

fn side_class(side: &str) -> &'static str {
    match side {
        "doctor" | "agent" => "doctor",
        "patient" => "patient",
        _ => "world",
    }
}

fn lines(all: &[TranscriptLine]) -> String {
    let mut out = String::from("<div class=\"talk\">");
    let mut round = None;
    for (k, line) in all.iter().enumerate() {
        if out.len() > TRANSCRIPT_BYTES {
            out.push_str(&format!(
                "<p class=\"muted\">{} more: <code>rounds show RUN EPISODE</code></p>",
                count(all.len() - k, "line", "lines")
            ));
            break;
        }
        if round != Some(line.round) {
            round = Some(line.round);
            out.push_str(&format!(
                "<h4>Round {} <span class=\"muted\">minute {}</span></h4>",
                line.round,
                plain(line.minute)
            ));
        }
        out.push_str(&format!(
            "<div class=\"line {}\"><div class=\"who\">{} <span class=\"muted\">{}</span></div><div class=\"text\">{}</div></div>",
            side_class(&line.side),
            name(if line.agent.is_empty() { &line.side } else { &line.agent }),
            name(&line.kind),
            escape_cut(&line.text, LINE_CHARS),
        ));
    }
    out.push_str("</div>");
    out
}

/// The switch that shows the transcripts of one outcome only; it needs no script.
pub(super) fn filter(shown: impl Iterator<Item = Outcome> + Clone) -> String {
    let mut out = String::from(
        "<div class=\"filter\"><input type=\"radio\" name=\"show\" id=\"show-all\" checked>\
         <label for=\"show-all\">all</label>",
    );
    for outcome in Outcome::ALL {
        let n = shown.clone().filter(|o| *o == outcome).count();
        if n > 0 {
            let class = outcome.class();
            out.push_str(&format!(
                "<input type=\"radio\" name=\"show\" id=\"show-{class}\">\
                 <label for=\"show-{class}\">{} {n}</label>",
                outcome.words()
            ));
        }
    }
    out.push_str("</div>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_never_given_twice() {
        let mut anchors = Anchors::default();
        assert_eq!(anchors.next(12), "e12");
        assert_eq!(anchors.next(12), "e12-2");
        assert_eq!(anchors.next(3), "e3");
    }

    #[test]
    fn a_long_transcript_says_what_is_left() {
        let line = TranscriptLine {
            text: "x".repeat(LINE_CHARS + 1),
            ..TranscriptLine::default()
        };
        let html = lines(&vec![line; 1000]);
        assert!(html.len() < 2 * TRANSCRIPT_BYTES);
        assert!(html.contains("more: <code>rounds show") && html.contains("(cut here)"));
    }

    #[test]
    fn a_named_truth_is_marked() {
        let case = ReportCase {
            truth: vec!["Sepsis".into()],
            predicted: vec!["Gout".into(), "sepsis ".into()],
            ..ReportCase::default()
        };
        assert!(answers(&case).contains("<li>Gout</li><li class=\"hit\">sepsis </li>"));
    }
}
