//! The valid name that a wrong name probably meant.

/// The entry of `names` nearest to `got`: fewest inserted, removed, changed or swapped characters,
/// upper and lower case alike; the first of equals. `None` when nothing is near enough to be meant.
pub fn nearest<'a>(got: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = got.to_lowercase().chars().collect();
    let allowed = (wanted.len() / 3).max(2);
    let mut best: Option<(usize, &str)> = None;
    for name in names {
        let other: Vec<char> = name.to_lowercase().chars().collect();
        let distance = edits(&wanted, &other);
        let near = distance <= allowed && distance < wanted.len().max(other.len());
        if near && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, name));
        }
    }
    best.map(|(_, name)| name)
}

/// Edits between two words, a swap of neighbours counted as one.
fn edits(a: &[char], b: &[char]) -> usize {
    let width = b.len() + 1;
    let mut cost = vec![0; (a.len() + 1) * width];
    for (j, cell) in cost.iter_mut().take(width).enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        cost[i * width] = i;
        for j in 1..=b.len() {
            let changed = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (cost[(i - 1) * width + j - 1] + changed)
                .min(cost[(i - 1) * width + j] + 1)
                .min(cost[i * width + j - 1] + 1);
            let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if swapped {
                least = least.min(cost[(i - 2) * width + j - 2] + 1);
            }
            cost[i * width + j] = least;
        }
    }
    cost[a.len() * width + b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_name() {
        let names = ["dynamic", "static", "solo-fixed"];
        assert_eq!(nearest("dynmaic", names), Some("dynamic"));
        assert_eq!(nearest("Static", names), Some("static"));
        assert_eq!(nearest("solofixed", names), Some("solo-fixed"));
    }

    #[test]
    fn something_else_finds_nothing() {
        assert_eq!(nearest("elephant", ["dynamic", "static"]), None);
        assert_eq!(nearest("", ["ab"]), None);
        assert_eq!(nearest("xy", ["ab"]), None);
    }

    #[test]
    fn a_swap_is_one_edit() {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        assert_eq!(edits(&chars("ab"), &chars("ba")), 1);
        assert_eq!(edits(&chars("kitten"), &chars("sitting")), 3);
        assert_eq!(edits(&chars(""), &chars("abc")), 3);
    }
}
