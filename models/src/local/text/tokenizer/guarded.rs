//! Encoding of texts in which the names of some special tokens are mere words.
//!
//! Whoever wrote such words could not end a turn and begin another with them. A mark, a character
//! that the text does not have, stands within each of these names. So the marked text tells which
//! special tokens are meant; they are put into the unmarked text as an alias, and all other names
//! are encoded as any text.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use tokenizers::{AddedToken, PostProcessorWrapper};

use super::encoding::{Encoded, Tokenizer, encode_error, malformed};
use super::error::TokenizerError;

/// Characters that may be the alias: two planes of private ones.
const ALIASES: RangeInclusive<char> = '\u{f0000}'..=char::MAX;

/// Two tokenizers that are made when they are first needed.
#[derive(Debug)]
pub(super) struct Guarded {
    /// Finds special tokens at their exact place.
    finder: tokenizers::Tokenizer,
    /// Knows no special token but the alias.
    ordinary: tokenizers::Tokenizer,
    alias: char,
    alias_id: u32,
}

impl Guarded {
    fn new(inner: &tokenizers::Tokenizer, alias: char) -> Result<Self, TokenizerError> {
        let wrong = |error: &tokenizers::Error| malformed("tokenizer", error);
        let mut finder = inner.clone();
        // It would cut white space off the offsets.
        finder.with_post_processor(None::<PostProcessorWrapper>);
        let mut ordinary = inner.clone();
        ordinary.set_encode_special_tokens(true);
        let token = AddedToken::from(alias, false).normalized(false);
        ordinary
            .add_tokens([token])
            .map_err(|error| wrong(&error))?;
        let alias_id = ordinary.token_to_id(&alias.to_string());
        Ok(Self {
            finder,
            ordinary,
            alias,
            alias_id: alias_id.unwrap_or(u32::MAX),
        })
    }
}

impl Tokenizer {
    /// The names of all special tokens that can be marked.
    pub(crate) fn special_names(&self) -> Vec<String> {
        let added = self.inner.get_added_tokens_decoder();
        let mut names: Vec<String> = added
            .values()
            .filter(|token| token.special && token.content.chars().nth(1).is_some())
            .map(|token| token.content.clone())
            .collect();
        names.sort_unstable();
        names
    }

    /// The ids of `text` without its marks, where no name with a mark within is a special token;
    /// spans are those of the unmarked text.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub(crate) fn encode_marked(&self, text: &str, mark: char) -> Result<Encoded, TokenizerError> {
        let mut aliases = ALIASES.rev();
        let alias = aliases.find(|alias| *alias != mark && !text.contains(*alias));
        let Some(alias) = alias else {
            return Err(TokenizerError::Encode {
                reason: "the text has all private characters".to_owned(),
            });
        };
        let guarded = match self.guarded.get() {
            Some(guarded) if guarded.alias == alias => Arc::clone(guarded),
            _ => {
                let made = Arc::new(Guarded::new(&self.inner, alias)?);
                self.guarded.get_or_init(|| Arc::clone(&made));
                made
            }
        };
        let meant = self.meant(&guarded.finder, text)?;
        let plain = |range: Range<usize>| text[range].replace(mark, "");
        let mut shown = String::with_capacity(text.len());
        let mut at = 0;
        for (_, span) in &meant {
            shown.push_str(&plain(at..span.start));
            shown.push(alias);
            at = span.end;
        }
        shown.push_str(&plain(at..text.len()));
        let encoding = guarded
            .ordinary
            .encode(shown, false)
            .map_err(|error| encode_error(&error))?;
        let mut encoded = Encoded {
            ids: Vec::with_capacity(encoding.len()),
            spans: Vec::with_capacity(encoding.len()),
        };
        let mut meant = meant.into_iter();
        // By how much names are longer than their aliases so far.
        let mut longer = 0_isize;
        for (&id, &(start, end)) in encoding.get_ids().iter().zip(encoding.get_offsets()) {
            let start = start.saturating_add_signed(longer);
            if id == guarded.alias_id
                && let Some((id, span)) = meant.next()
            {
                longer += span.len() as isize - alias.len_utf8() as isize;
                encoded.ids.push(id);
                encoded.spans.push(start..start + span.len());
                continue;
            }
            let span = start..end.saturating_add_signed(longer);
            for id in self.spelled(id)? {
                encoded.ids.push(id);
                encoded.spans.push(span.clone());
            }
        }
        Ok(encoded)
    }

    /// Special tokens of the text, with their places.
    fn meant(
        &self,
        finder: &tokenizers::Tokenizer,
        text: &str,
    ) -> Result<Vec<(u32, Range<usize>)>, TokenizerError> {
        let encoding = finder
            .encode(text, false)
            .map_err(|error| encode_error(&error))?;
        let pairs = encoding.get_ids().iter().zip(encoding.get_offsets());
        let special = pairs.filter(|(id, (start, end))| {
            // Text that no token says may become a special token too.
            self.table().is_special(**id)
                && self.token_text(**id).is_some_and(|name| {
                    text.get(*start..*end)
                        .is_some_and(|part| part.contains(&name))
                })
        });
        Ok(special
            .map(|(id, (start, end))| (*id, *start..*end))
            .collect())
    }

    /// A token of ordinary text; character by character where a vocabulary makes a special token
    /// of it after all.
    fn spelled(&self, id: u32) -> Result<Vec<u32>, TokenizerError> {
        let unknown = self.special().unk.as_ref().is_some_and(|unk| unk.id == id);
        let name = match self.token_text(id) {
            Some(name) if self.table().is_special(id) && !unknown => name,
            _ => return Ok(vec![id]),
        };
        let pieces = self.for_pieces()?;
        let mut ids = Vec::new();
        for character in name.chars() {
            let encoding = pieces
                .encode_fast(character.to_string(), false)
                .map_err(|error| encode_error(&error))?;
            ids.extend_from_slice(encoding.get_ids());
        }
        Ok(ids)
    }
}
