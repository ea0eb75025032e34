//! Two courses of one episode side by side.

use super::data::TranscriptLine;
use super::html::{escape_cut, name};
use super::shell::table;

/// Two courses of one episode: equal up to some event, each its own from there on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportBranch {
    /// The arm.
    pub arm: String,
    /// The episode.
    pub episode: u32,
    /// Its first round that was decided anew.
    pub round: u32,
    /// What happened, in words.
    pub words: String,
    /// Events of both courses, in their order; none where one course is not known.
    pub rows: Vec<BranchRow>,
}

/// The events of both courses at one place.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BranchRow {
    /// In the recorded course.
    pub recorded: Option<TranscriptLine>,
    /// In the new course.
    pub new: Option<TranscriptLine>,
    /// The first place where they differ.
    pub first: bool,
}

/// Rows of each course at most.
const ROWS: usize = 2000;
/// Longest text of one line, in characters.
const LINE: usize = 1000;

/// The courses as a section of the page.
pub(super) fn section(branch: &ReportBranch) -> String {
    let mut out = format!(
        "<section><h2>Two courses of episode {}</h2><p class=\"muted\">arm {}</p><p>{}</p>",
        branch.episode,
        name(&branch.arm),
        escape_cut(&branch.words, 2 * LINE)
    );
    if !branch.rows.is_empty() {
        let rows = branch.rows.iter().take(ROWS).map(|row| {
            let mark = match row.first {
                true => "<b id=\"first-difference\">first difference</b>",
                false => "",
            };
            vec![mark.to_owned(), cell(&row.recorded), cell(&row.new)]
        });
        out.push_str(&table(&["", "recorded course", "new course"], rows));
    }
    if branch.rows.len() > ROWS {
        out.push_str(&format!(
            "<p class=\"omitted\">{} further events are in the logs.</p>",
            branch.rows.len() - ROWS
        ));
    }
    out.push_str("</section>\n");
    out
}

fn cell(line: &Option<TranscriptLine>) -> String {
    let Some(line) = line else {
        return String::new();
    };
    format!(
        "<span class=\"muted\">round {}</span> <b>{}</b> <span class=\"muted\">{}</span> {}",
        line.round,
        name(if line.agent.is_empty() {
            &line.side
        } else {
            &line.agent
        }),
        name(&line.kind),
        escape_cut(&line.text, LINE),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_marked_once_and_texts_are_escaped() {
        let line = |text: &str| {
            Some(TranscriptLine {
                text: text.to_owned(),
                ..TranscriptLine::default()
            })
        };
        let rows = vec![
            BranchRow {
                recorded: line("same"),
                new: line("same"),
                first: false,
            },
            BranchRow {
                recorded: line("<script>"),
                new: None,
                first: true,
            },
        ];
        let html = section(&ReportBranch {
            rows,
            ..ReportBranch::default()
        });
        assert_eq!(html.matches("id=\"first-difference\"").count(), 1);
        assert!(html.contains("recorded course") && html.contains("new course"));
        assert!(html.contains("&lt;script&gt;") && !html.contains("<script>"));
    }
}
