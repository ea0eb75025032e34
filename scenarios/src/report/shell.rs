//! The frame of a page that is no report of one run: head, title, foot.

use super::html::{escape_cut, name};

/// The page from its first byte to the begin of its sections.
pub(super) fn open(title: &str, disclaimer: &str, command: &str) -> String {
    let title = name(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{title}</title><style>{}</style></head>\n<body>\n<header><h1>{title}</h1>\
         <p class=\"disclaimer\">{}</p><p class=\"muted\"><code>{}</code></p></header>\n<main>\n",
        include_str!("page.css"),
        name(disclaimer),
        escape_cut(command, 2000)
    )
}

/// The end of the page.
pub(super) fn close() -> String {
    format!(
        "</main>\n<footer class=\"muted small\">Made by rounds {}.</footer>\n</body></html>\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// A table with a head; cells are HTML already.
pub(super) fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut out = String::from("<div class=\"scroll\"><table><thead><tr>");
    for title in head {
        out.push_str(&format!("<th>{title}</th>"));
    }
    out.push_str("</tr></thead><tbody>");
    for row in rows {
        out.push_str("<tr>");
        for cell in row {
            out.push_str(&format!("<td>{cell}</td>"));
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
    out
}
