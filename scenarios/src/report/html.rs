//! Text into HTML: escaping, shortening, numbers.

/// Longest name or label shown, in characters.
const NAME_CHARS: usize = 200;

/// Appends one character in a form that is safe in element text and in quoted attributes.
fn push_escaped(out: &mut String, c: char) {
    match c {
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '&' => out.push_str("&amp;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        c => out.push(visible(c)),
    }
}

/// Replaces characters that a reader cannot see, or that reorder the text around them.
fn visible(c: char) -> char {
    match c {
        '\n' | '\t' => c,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

/// Escapes a text of any length.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        push_escaped(&mut out, c);
    }
    out
}

/// Escapes a text and cuts it after `limit` characters, saying so.
pub(super) fn escape_cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => escape(text),
        Some((end, _)) => format!(
            "{}… <em class=\"muted\">(cut here)</em>",
            escape(&text[..end])
        ),
    }
}

/// Escapes a name; very long ones end in an ellipsis.
pub(super) fn name(text: &str) -> String {
    escape(&shorten(text, NAME_CHARS))
}

/// A text on one line of at most `limit` characters, not escaped.
pub(super) fn shorten(text: &str, limit: usize) -> String {
    let one_line = |c: char| if c.is_whitespace() { ' ' } else { visible(c) };
    if text.chars().nth(limit).is_none() {
        return text.chars().map(one_line).collect();
    }
    let mut out: String = text
        .chars()
        .take(limit.saturating_sub(1))
        .map(one_line)
        .collect();
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

/// A measured value with three decimals, fewer where it is large.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        "–".to_owned()
    } else if size >= 1e9 {
        format!("{value:.2e}")
    } else if size >= 1000.0 {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.3}")
    }
}

/// A value without the zeros that say nothing, for axes and counts.
pub(super) fn plain(value: f64) -> String {
    let text = number(value);
    if text.contains('.') && !text.contains('e') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A count with its noun.
pub(super) fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text() {
        assert_eq!(
            escape("<b a=\"x\" c='y'>&\u{0}"),
            "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;\u{fffd}"
        );
    }

    #[test]
    fn direction_overrides_do_not_survive() {
        assert!(!escape("a\u{202e}b").contains('\u{202e}'));
    }

    #[test]
    fn shortening_counts_characters() {
        assert_eq!(shorten("äöü", 3), "äöü");
        assert_eq!(shorten("äöüß", 3), "äö…");
        assert_eq!(shorten("a\nb", 9), "a b");
    }

    #[test]
    fn numbers_lose_decimals_as_they_grow() {
        assert_eq!(number(0.8333), "0.833");
        assert_eq!(number(12.34), "12.3");
        assert_eq!(number(4321.4), "4321");
        assert_eq!(number(f64::NAN), "–");
        assert_eq!(plain(0.5), "0.5");
        assert_eq!(plain(20.0), "20");
        assert_eq!(plain(4000.0), "4000");
    }
}
