//! Merges of SentencePiece's BPE, which ranks pieces by score.

use std::cmp::Reverse;
use std::collections::HashMap;

/// A piece that may be merged from others or into others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) id: u32,
    pub(super) score: f32,
}

/// All ways to put a piece together from two others, best first: higher scores, then longer parts.
///
/// # Source
/// `generate_merges` of Hugging Face's converter of slow tokenizers.
pub(super) fn merges(pieces: &HashMap<&str, Piece>) -> Vec<[String; 2]> {
    let mut found = Vec::new();
    for (text, whole) in pieces {
        for (at, _) in text.char_indices().skip(1) {
            let (left, right) = text.split_at(at);
            if let (Some(a), Some(b)) = (pieces.get(left), pieces.get(right)) {
                found.push((whole, (left, a.id), (right, b.id)));
            }
        }
    }
    let length = |text: &str| Reverse(text.chars().count());
    found.sort_by(|(x, xl, xr), (y, yl, yr)| {
        y.score.total_cmp(&x.score).then_with(|| {
            let key = |whole: &Piece, left: &(&str, u32), right: &(&str, u32)| {
                (length(left.0), length(right.0), whole.id, left.1, right.1)
            };
            key(x, xl, xr).cmp(&key(y, yl, yr))
        })
    });
    found
        .into_iter()
        .map(|(_, (left, _), (right, _))| [left.to_owned(), right.to_owned()])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn higher_scores_come_first_and_then_longer_parts() {
        let pieces = ["a", "b", "c", "ab", "bc", "abc"].into_iter().zip([
            (0, 0.0),
            (1, 0.0),
            (2, 0.0),
            (3, -3.0),
            (4, -1.0),
            (5, -2.0),
        ]);
        let pieces: HashMap<&str, Piece> = pieces
            .map(|(text, (id, score))| (text, Piece { id, score }))
            .collect();
        let merges = merges(&pieces);
        let merges: Vec<[&str; 2]> = merges.iter().map(|[a, b]| [&**a, &**b]).collect();
        assert_eq!(merges, [["b", "c"], ["ab", "c"], ["a", "bc"], ["a", "b"]]);
    }
}
