//! Fills in templates, and says which names can stand in them.

/// `text` with each `{{name}}` replaced by its value; values are taken as they are.
pub(super) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let (name, behind) = after.split_once("}}").unwrap_or((after, ""));
        if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
            out.push_str(value);
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// A value as a TOML string on one line, runs of white space as one space.
pub(super) fn toml_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    toml::Value::String(words.join(" ")).to_string()
}

/// Whether a scenario, suite or case can have this name: it stands in the names of files too.
pub fn usable_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.len() <= 100
        && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_filled_in_again() {
        let text = fill("{{a}} and {{b}}{{c}}.", &[("a", "{{b}}"), ("b", "2")]);
        assert_eq!(text, "{{b}} and 2.");
    }

    #[test]
    fn strings_stay_on_one_line() {
        let text = "a \"quoted\"\n  text with 'both' \\ and\ttabs";
        let line = toml_line(text);
        assert!(!line.contains('\n'), "{line}");
        let read: toml::Table = format!("x = {line}").parse().unwrap();
        assert_eq!(
            read["x"].as_str(),
            Some("a \"quoted\" text with 'both' \\ and tabs")
        );
    }

    #[test]
    fn names_are_names_of_files() {
        assert!(usable_name("chest-pain_1.2"));
        for wrong in ["", ".", "..", "-x", "a b", "a/b", "é", ".hidden"] {
            assert!(!usable_name(wrong), "{wrong}");
        }
    }
}
