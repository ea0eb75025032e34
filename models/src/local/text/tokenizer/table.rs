//! The bytes that every token stands for.

use std::collections::HashMap;

use serde_json::Value;

use super::error::TokenizerError;
use super::gguf::parts_within_words;

/// How the vocabulary writes bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    /// Every byte is one printable character (GPT-2).
    ByteLevel,
    /// A space is `▁`, and `<0xNN>` is a byte where `byte_tokens` (SentencePiece).
    SentencePiece { byte_tokens: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// No token has this id.
    Gap,
    Ordinary,
    Special,
}

/// Bytes and kinds of all tokens by id.
///
/// Joining the bytes of a reply's ordinary tokens gives its text, but for one leading space of
/// SentencePiece ([`TokenTable::drops_leading_space`]).
#[derive(Debug, Clone)]
pub struct TokenTable {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    kinds: Vec<Kind>,
    drops_leading_space: bool,
    canonical: bool,
}

impl TokenTable {
    /// The table of the tokenizer that `json` (its `tokenizer.json`) describes.
    ///
    /// `tokens` are all pairs of id and text; `special` says which ids are special.
    ///
    /// # Errors
    /// [`TokenizerError::Decoder`] for families whose tokens do not stand for bytes.
    pub(super) fn new(
        json: &Value,
        tokens: &[(u32, String)],
        special: impl Fn(u32) -> bool,
    ) -> Result<Self, TokenizerError> {
        let alphabet = alphabet(json)?;
        let characters = byte_characters();
        let count = tokens.iter().map(|(id, _)| *id as usize + 1).max();
        let mut words: Vec<Option<Vec<u8>>> = vec![None; count.unwrap_or(0)];
        for (id, text) in tokens {
            words[*id as usize] = Some(token_bytes(text, alphabet, &characters));
        }
        let mut table = Self {
            bytes: Vec::new(),
            ends: Vec::with_capacity(words.len()),
            kinds: Vec::with_capacity(words.len()),
            drops_leading_space: parts(&json["decoder"], "decoders").any(drops_space),
            canonical: is_canonical(json, alphabet),
        };
        for (id, word) in words.into_iter().enumerate() {
            table.kinds.push(match &word {
                None => Kind::Gap,
                Some(_) if special(id as u32) => Kind::Special,
                Some(_) => Kind::Ordinary,
            });
            table.bytes.extend(word.unwrap_or_default());
            table.ends.push(table.bytes.len());
        }
        Ok(table)
    }

    /// One more than the highest id.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The tokenizer has no token.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes of a token, its name for a special one; `None` where no token has the id.
    pub fn bytes(&self, id: u32) -> Option<&[u8]> {
        let id = id as usize;
        if *self.kinds.get(id)? == Kind::Gap {
            return None;
        }
        let start = if id == 0 { 0 } else { self.ends[id - 1] };
        Some(&self.bytes[start..self.ends[id]])
    }

    /// The token is special: it stands for no text.
    pub fn is_special(&self, id: u32) -> bool {
        self.kinds.get(id as usize) == Some(&Kind::Special)
    }

    /// Decoding drops one space at the very start, as SentencePiece does.
    pub fn drops_leading_space(&self) -> bool {
        self.drops_leading_space
    }

    /// Encoding a piece of text gives tokens of just these bytes, which also begin what encodes a
    /// longer text but for the last of them: no space is put before it, nothing is rewritten, and
    /// text is parted in one of the ways that are known to do so within words. Only then can text
    /// that a grammar forces be encoded by itself. Where a token may go on for a sentence, what is
    /// forced may be a small part of a token.
    pub fn is_canonical(&self) -> bool {
        self.canonical
    }
}

/// The elements of a component: itself, or the list `key` of a sequence.
fn parts<'a>(component: &'a Value, key: &str) -> Box<dyn Iterator<Item = &'a Value> + 'a> {
    match component[key].as_array() {
        Some(list) => {
            let key = key.to_owned();
            Box::new(list.iter().flat_map(move |part| parts(part, &key)))
        }
        None => Box::new(std::iter::once(component).filter(|part| !part.is_null())),
    }
}

fn alphabet(json: &Value) -> Result<Alphabet, TokenizerError> {
    let has = |kind: &str| parts(&json["decoder"], "decoders").any(|part| part["type"] == kind);
    if has("ByteLevel") {
        return Ok(Alphabet::ByteLevel);
    }
    let spaces = |part: &Value| part["type"] == "Replace" && part["pattern"]["String"] == "▁";
    let byte_tokens = has("ByteFallback");
    if byte_tokens || has("Metaspace") || parts(&json["decoder"], "decoders").any(spaces) {
        return Ok(Alphabet::SentencePiece { byte_tokens });
    }
    Err(TokenizerError::Decoder {
        decoder: json["decoder"]["type"]
            .as_str()
            .unwrap_or("none")
            .to_owned(),
    })
}

fn drops_space(decoder: &Value) -> bool {
    match decoder["type"].as_str() {
        Some("Strip") => {
            decoder["content"] == " " && decoder["start"].as_u64().is_some_and(|n| n > 0)
        }
        Some("Metaspace") => decoder["prepend_scheme"] != "never",
        _ => false,
    }
}

fn is_canonical(json: &Value, alphabet: Alphabet) -> bool {
    alphabet == Alphabet::ByteLevel && parts_within_words(json)
}

fn token_bytes(text: &str, alphabet: Alphabet, characters: &HashMap<char, u8>) -> Vec<u8> {
    match alphabet {
        // As the decoder does: a token with any other character stands for its own bytes.
        Alphabet::ByteLevel => text
            .chars()
            .map(|c| characters.get(&c).copied())
            .collect::<Option<Vec<u8>>>()
            .unwrap_or_else(|| text.as_bytes().to_vec()),
        Alphabet::SentencePiece { byte_tokens } => {
            let byte = text
                .strip_prefix("<0x")
                .and_then(|rest| rest.strip_suffix('>'))
                .filter(|digits| byte_tokens && digits.len() == 2)
                .and_then(|digits| u8::from_str_radix(digits, 16).ok());
            match byte {
                Some(byte) => vec![byte],
                None => text.replace('▁', " ").into_bytes(),
            }
        }
    }
}

/// The character of every byte in byte-level vocabularies: printable bytes stand for themselves,
/// the others are counted up from U+0100.
///
/// # Source
/// `bytes_to_unicode` of GPT-2.
fn byte_characters() -> HashMap<char, u8> {
    let mut next = 0x100_u32;
    (0..=255_u8)
        .map(|byte| {
            let c = match byte {
                b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff => char::from(byte),
                _ => {
                    next += 1;
                    char::from_u32(next - 1).unwrap_or(char::REPLACEMENT_CHARACTER)
                }
            };
            (c, byte)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_byte_has_its_own_character() {
        let characters = byte_characters();
        assert_eq!(characters.len(), 256);
        assert_eq!(characters[&'Ġ'], b' ');
        assert_eq!(characters[&'Ċ'], b'\n');
        assert_eq!(characters[&'ÿ'], 0xff);
    }

    #[test]
    fn sentencepiece_tokens_are_spaces_bytes_and_text() {
        let json = json!({"decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}});
        let tokens = [
            (0, "<s>".to_owned()),
            (1, "<0xE6>".to_owned()),
            (2, "▁the".to_owned()),
            (4, "<0xZZ>".to_owned()),
        ];
        let table = TokenTable::new(&json, &tokens, |id| id == 0).unwrap();
        assert_eq!(table.len(), 5);
        assert!(table.is_special(0) && !table.is_special(1) && !table.is_special(9));
        assert_eq!(table.bytes(1), Some(&[0xe6][..]));
        assert_eq!(table.bytes(2), Some(&b" the"[..]));
        assert_eq!(table.bytes(3), None);
        assert_eq!(table.bytes(4), Some(&b"<0xZZ>"[..]));
        assert_eq!(table.bytes(5), None);
        assert!(table.drops_leading_space() && !table.is_canonical());
    }

    #[test]
    fn other_families_are_refused_by_name() {
        let json = json!({"decoder": {"type": "WordPiece"}});
        let error = TokenTable::new(&json, &[], |_| false).unwrap_err();
        assert!(error.to_string().starts_with("decoder WordPiece"));
    }
}
