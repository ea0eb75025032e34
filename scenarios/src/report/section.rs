//! A section that a family adds to the page: words, tables and drawings of its own.

use super::html::{escape_cut, name};
use super::shell::table;
use super::transcript::figure;

/// A table of texts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportTable {
    /// Titles of the columns.
    pub head: Vec<String>,
    /// Rows, each as long as `head`.
    pub rows: Vec<Vec<String>>,
}

/// A drawing with its caption.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportFigure {
    /// What it shows.
    pub caption: String,
    /// An `<svg>` element that a function of this module drew.
    pub svg: String,
}

/// A section of the page.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportSection {
    /// Its heading.
    pub title: String,
    /// Paragraphs.
    pub text: Vec<String>,
    /// Drawings.
    pub figures: Vec<ReportFigure>,
    /// Tables.
    pub tables: Vec<ReportTable>,
}

/// Most characters of a paragraph.
const PARAGRAPH: usize = 4000;

/// The section as HTML.
pub(super) fn section(of: &ReportSection) -> String {
    let mut out = format!("<section><h2>{}</h2>", name(&of.title));
    if !of.figures.is_empty() {
        out.push_str("<div class=\"plots\">");
        for drawn in &of.figures {
            let caption = escape_cut(&drawn.caption, PARAGRAPH);
            out.push_str(&figure(&caption, &drawn.svg));
        }
        out.push_str("</div>");
    }
    for paragraph in &of.text {
        out.push_str(&format!("<p>{}</p>", escape_cut(paragraph, PARAGRAPH)));
    }
    for given in &of.tables {
        let head: Vec<String> = given.head.iter().map(|title| name(title)).collect();
        let head: Vec<&str> = head.iter().map(String::as_str).collect();
        let rows = given.rows.iter();
        let rows = rows.map(|row| row.iter().map(|cell| name(cell)).collect());
        out.push_str(&table(&head, rows));
    }
    out.push_str("</section>\n");
    out
}
