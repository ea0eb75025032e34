//! The blinded sheet of a human review as one page that works without network.
//!
//! The only page with a script, which counts, keeps the answers in the browser, and saves them as
//! CSV. It has styles of its own: those of reports name verdicts.

use super::html::escape;
use crate::review::{Sheet, SheetItem, SheetVisit};

/// Draws the page; `name` is what the saved CSV is called after.
pub fn render_sheet(sheet: &Sheet, name: &str, disclaimer: &str) -> String {
    let ids: Vec<&str> = sheet.visits.iter().map(|visit| visit.id.as_str()).collect();
    let id = crate::hash::sha256(ids.join(" "));
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\
         <title>Review sheet</title><style>{}</style></head>\n\
         <body data-sheet=\"{}\" data-name=\"{}\">\n<h1>Review sheet</h1>\n\
         <p class=\"notice\">{}</p>\n\
         <p>Read each visit and answer the questions below it. If the words of the visit do not \
         tell, say “cannot tell”. At the end, save the CSV and hand it back; do not open the key \
         file before.</p>\n\
         <p class=\"muted\">Keys: <kbd>y</kbd> yes, <kbd>n</kbd> no, <kbd>c</kbd> cannot tell, \
         <kbd>j</kbd> next and <kbd>k</kbd> previous question.</p>\n\
         <div class=\"bar\"><label>Your name <input type=\"text\" id=\"rater\" \
         autocomplete=\"off\"></label><output id=\"done\" aria-live=\"polite\">{} questions</output>\
         <button id=\"save\" type=\"button\">Save CSV</button></div>\n<main>\n",
        include_str!("sheet.css"),
        &id[..16],
        escape(name),
        escape(disclaimer),
        sheet.items(),
    );
    for (number, visit) in (1..).zip(&sheet.visits) {
        push_visit(&mut out, number, sheet.visits.len(), visit);
    }
    out.push_str("</main>\n<script>");
    out.push_str(include_str!("sheet.js"));
    out.push_str("</script>\n</body></html>\n");
    out
}

fn push_visit(out: &mut String, number: usize, of: usize, visit: &SheetVisit) {
    out.push_str(&format!(
        "<section data-visit=\"{}\"><h2>Visit {number} of {of}</h2>\n",
        escape(&visit.id)
    ));
    for turn in &visit.turns {
        let class = if turn.who == "Patient" {
            "turn patient"
        } else {
            "turn"
        };
        out.push_str(&format!(
            "<div class=\"{class}\"><b>{}</b><span>{}</span></div>\n",
            turn.who,
            escape(&turn.text)
        ));
    }
    if visit.turns.is_empty() {
        out.push_str("<p class=\"muted\">Nothing was said.</p>\n");
    }
    for item in &visit.items {
        push_item(out, item);
    }
    out.push_str("</section>\n");
}

fn push_item(out: &mut String, item: &SheetItem) {
    let id = escape(&item.id);
    out.push_str(&format!(
        "<fieldset data-item=\"{id}\"><legend>{}</legend>",
        escape(&item.question)
    ));
    for answer in ["yes", "no", "cannot tell"] {
        out.push_str(&format!(
            "<label><input type=\"radio\" name=\"{id}\" value=\"{answer}\">{answer}</label>"
        ));
    }
    out.push_str(
        "<input type=\"text\" class=\"comment\" placeholder=\"comment\" aria-label=\"comment\" \
         autocomplete=\"off\"></fieldset>\n",
    );
}
