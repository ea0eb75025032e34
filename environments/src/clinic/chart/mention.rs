//! Whether a text speaks of a finding by its name, and whether it denies it.

use super::words::common_words;

/// Words that deny what follows them in their part of the sentence.
const DENIALS: [&str; 10] = [
    "no", "not", "denies", "deny", "denied", "without", "negative", "never", "absence", "absent",
];
/// Words after which a denial holds no longer.
const TURNS: [&str; 4] = ["but", "however", "except", "although"];

/// `Some(true)` when a part of `text` holds every word of `name` and does not deny it,
/// `Some(false)` when the only parts that hold them deny it, `None` when none holds them.
pub(super) fn mentions(text: &str, name: &str) -> Option<bool> {
    let wanted = common_words(name);
    if wanted.is_empty() {
        return None;
    }
    let mut seen = None;
    for sentence in text.split(['.', ';', '\n']) {
        let mut denied = false;
        for part in sentence.split(',').flat_map(at_turns) {
            let words: Vec<String> = part
                .to_lowercase()
                .split(|c: char| !c.is_alphanumeric())
                .map(str::to_owned)
                .collect();
            if words.iter().any(|word| TURNS.contains(&word.as_str())) {
                denied = false;
            }
            denied |= words.iter().any(|word| DENIALS.contains(&word.as_str()));
            if !wanted.is_subset(&common_words(part)) {
                continue;
            }
            if !denied {
                return Some(true);
            }
            seen = Some(false);
        }
    }
    seen
}

/// The pieces of a part, each but the first beginning with a turning word.
fn at_turns(part: &str) -> Vec<&str> {
    let mut cuts: Vec<usize> = TURNS
        .iter()
        .flat_map(|turn| {
            let word = format!(" {turn} ");
            part.match_indices(&word)
                .map(|(at, _)| at)
                .collect::<Vec<_>>()
        })
        .collect();
    cuts.sort_unstable();
    let mut pieces = Vec::with_capacity(cuts.len() + 1);
    let mut from = 0;
    for cut in cuts {
        pieces.push(&part[from..cut]);
        from = cut;
    }
    pieces.push(&part[from..]);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_named_denied_or_left_out() {
        let text = "Fever for 3 days, with a dry cough. Denies chest pain, night sweats. \
            No vomiting but nausea every morning";
        assert_eq!(mentions(text, "fever"), Some(true));
        assert_eq!(mentions(text, "cough"), Some(true));
        assert_eq!(mentions(text, "chest pain"), Some(false));
        assert_eq!(mentions(text, "night sweats"), Some(false));
        assert_eq!(mentions(text, "vomiting"), Some(false));
        assert_eq!(mentions(text, "nausea"), Some(true));
        assert_eq!(mentions(text, "rash"), None);
        assert_eq!(mentions(text, ""), None);
        assert_eq!(
            mentions("No fever. Later, fever again", "fever"),
            Some(true)
        );
    }
}
