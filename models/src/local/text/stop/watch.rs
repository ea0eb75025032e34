//! Watches a reply for its end.

use super::reason::StopReason;

/// Stop strings that cannot be watched for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StopError {
    /// A stop string is empty.
    #[error("stop string {index} is empty")]
    Empty {
        /// Place in the list, from 0.
        index: usize,
    },
}

/// Watches one reply for tokens, strings and limits that end it.
///
/// Text that may be the beginning of a stop string is held back until it is sure not to be one,
/// so that no part of a stop string is ever released, also where it straddles tokens. The cost is
/// linear in the text.
///
/// # Examples
/// ```
/// # use rounds_models::local::text::{StopReason, StopWatch};
/// let mut watch = StopWatch::new(vec![7], vec!["\nUser:".into()])?.max_tokens(100);
/// assert_eq!(watch.token(3), None);
/// let mut reply = String::new();
/// assert_eq!(watch.text("Yes.\nUs", &mut reply), None);
/// assert_eq!(reply, "Yes.");
/// assert_eq!(watch.text("er: and", &mut reply), Some(StopReason::StopString));
/// assert_eq!(reply, "Yes.");
/// # Ok::<(), rounds_models::local::text::StopError>(())
/// ```
#[derive(Debug, Clone)]
pub struct StopWatch {
    eos: Vec<u32>,
    strings: Vec<Pattern>,
    held: String,
    tokens: u64,
    max_tokens: u64,
    context_left: u64,
}

impl StopWatch {
    /// Watches for the tokens `eos` and for `strings`, with no limits.
    ///
    /// # Errors
    /// [`StopError::Empty`] for an empty string.
    pub fn new(eos: Vec<u32>, strings: Vec<String>) -> Result<Self, StopError> {
        if let Some(index) = strings.iter().position(String::is_empty) {
            return Err(StopError::Empty { index });
        }
        Ok(Self {
            eos,
            strings: strings.iter().map(|text| Pattern::new(text)).collect(),
            held: String::new(),
            tokens: 0,
            max_tokens: u64::MAX,
            context_left: u64::MAX,
        })
    }

    /// With at most `tokens` tokens, the last one included.
    #[must_use]
    pub fn max_tokens(mut self, tokens: u64) -> Self {
        self.max_tokens = tokens;
        self
    }

    /// With room for `tokens` tokens in the model's context.
    #[must_use]
    pub fn context_left(mut self, tokens: u64) -> Self {
        self.context_left = tokens;
        self
    }

    /// Tokens that were counted.
    pub fn tokens(&self) -> u64 {
        self.tokens
    }

    /// Counts a token; [`StopReason::Eos`] if it ends the reply, in which case it has no text.
    pub fn token(&mut self, token: u32) -> Option<StopReason> {
        self.tokens += 1;
        self.eos.contains(&token).then_some(StopReason::Eos)
    }

    /// The limit that the tokens have reached, to be asked after the text of each.
    pub fn limit(&self) -> Option<StopReason> {
        if self.tokens >= self.max_tokens {
            Some(StopReason::Length)
        } else if self.tokens >= self.context_left {
            Some(StopReason::Context)
        } else {
            None
        }
    }

    /// Adds `text` and appends to `reply` what is sure to belong to it. After a stop string,
    /// nothing more is to be added.
    pub fn text(&mut self, text: &str, reply: &mut String) -> Option<StopReason> {
        if self.strings.is_empty() {
            reply.push_str(text);
            return None;
        }
        let before = self.held.len();
        self.held.push_str(text);
        for (at, byte) in text.bytes().enumerate() {
            let longest = self
                .strings
                .iter_mut()
                .filter_map(|string| string.step(byte))
                .max();
            if let Some(length) = longest {
                let start = before + at + 1 - length;
                reply.push_str(&self.held[..start]);
                self.held.clear();
                return Some(StopReason::StopString);
            }
        }
        let keep = self.strings.iter().map(|string| string.matched).max();
        let sure = self.held.len() - keep.unwrap_or_default();
        reply.push_str(&self.held[..sure]);
        self.held.drain(..sure);
        None
    }

    /// Appends to `reply` what is still held back: the reply ended before a stop string did.
    pub fn finish(&mut self, reply: &mut String) {
        reply.push_str(&self.held);
        self.held.clear();
    }
}

/// A stop string as the automaton of Knuth, Morris and Pratt.
#[derive(Debug, Clone)]
struct Pattern {
    bytes: Vec<u8>,
    /// Length of the longest proper prefix that ends the first `i + 1` bytes.
    borders: Vec<usize>,
    /// Bytes matched so far.
    matched: usize,
}

impl Pattern {
    fn new(text: &str) -> Self {
        let mut pattern = Self {
            bytes: text.as_bytes().to_vec(),
            borders: vec![0],
            matched: 0,
        };
        for at in 1..pattern.bytes.len() {
            let border = pattern.next(pattern.borders[at - 1], pattern.bytes[at]);
            pattern.borders.push(border);
        }
        pattern
    }

    fn next(&self, mut matched: usize, byte: u8) -> usize {
        while matched > 0 && self.bytes[matched] != byte {
            matched = self.borders[matched - 1];
        }
        matched + usize::from(self.bytes[matched] == byte)
    }

    /// Takes one byte; the length of the string if it is whole now.
    fn step(&mut self, byte: u8) -> Option<usize> {
        self.matched = self.next(self.matched, byte);
        (self.matched == self.bytes.len()).then_some(self.matched)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text before the stop string that ends first, the longest of those that end together.
    fn plain(text: &str, strings: &[String]) -> (String, bool) {
        let ends = |end: usize| {
            strings
                .iter()
                .filter(|string| text.as_bytes()[..end].ends_with(string.as_bytes()))
                .map(String::len)
                .max()
        };
        for end in 1..=text.len() {
            if let Some(length) = ends(end) {
                return (text[..end - length].to_owned(), true);
            }
        }
        (text.to_owned(), false)
    }

    proptest! {
        #[test]
        fn any_chunks_stop_where_the_whole_text_does(
            chunks in prop::collection::vec("[abé]{0,4}", 0..12),
            strings in prop::collection::vec("[abé]{1,4}", 0..4),
        ) {
            let mut watch = StopWatch::new(vec![], strings.clone()).unwrap();
            let mut reply = String::new();
            let mut stopped = false;
            for chunk in &chunks {
                let before = reply.len();
                stopped = watch.text(chunk, &mut reply).is_some();
                let want = plain(&chunks.concat(), &strings).0;
                prop_assert!(want.starts_with(&reply[..]), "released {:?}", &reply[before..]);
                if stopped {
                    break;
                }
            }
            watch.finish(&mut reply);
            prop_assert_eq!((reply, stopped), plain(&chunks.concat(), &strings));
        }
    }

    #[test]
    fn tokens_and_limits_end_a_reply() {
        let mut watch = StopWatch::new(vec![1, 2], vec![])
            .unwrap()
            .max_tokens(2)
            .context_left(3);
        assert_eq!(watch.token(5), None);
        assert_eq!(watch.limit(), None);
        assert_eq!(watch.token(2), Some(StopReason::Eos));
        assert_eq!(watch.limit(), Some(StopReason::Length));
        assert_eq!(watch.tokens(), 2);
        let mut long = StopWatch::new(vec![], vec![]).unwrap().context_left(1);
        assert_eq!(long.token(5), None);
        assert_eq!(long.limit(), Some(StopReason::Context));
        assert_eq!(
            StopWatch::new(vec![], vec!["a".into(), String::new()]).unwrap_err(),
            StopError::Empty { index: 1 }
        );
        assert!(StopReason::Grammar.is_complete() && !StopReason::Length.is_complete());
    }
}
