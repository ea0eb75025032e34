//! Tokens that are whole phrases.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokenizers::SplitDelimiterBehavior::Isolated;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

/// Quotes of JSON with what stands around them, keys included; all up to the end of a sentence and
/// its line; ends that stand alone.
const PATTERN: &str =
    r#"[\s,:\[\]{}]*"[\s,:\[\]{}"]*(?:\w+"\s*:[\s\[\]{}"]*)?|[^"\n?.!;]+[?.!;]*\n*|[?.!;]+\n*|\n+"#;

/// What a token lies within.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenSpan {
    /// A word with the space before it, as in GPT-2.
    #[default]
    Word,
    /// A sentence, or what JSON has between two texts: the commonest of them, where most of their
    /// bytes are, become tokens as they are, and the rest is merged from bytes as ever. Texts of
    /// few and recurring phrases become several times shorter.
    ///
    /// Related to the superwords of SuperBPE (Liu and others, 2025), which merges across spaces
    /// after it has merged within words.
    Phrase,
}

impl TokenSpan {
    /// What parts texts before they are merged.
    pub(super) fn pre_tokenizer(self) -> Result<PreTokenizerWrapper, tokenizers::Error> {
        let bytes = |words| ByteLevel::new(false, true, words);
        Ok(match self {
            Self::Word => bytes(true).into(),
            Self::Phrase => {
                let pattern = SplitPattern::Regex(PATTERN.to_owned());
                let split = Split::new(pattern, Isolated, false)?;
                Sequence::new(vec![split.into(), bytes(false).into()]).into()
            }
        })
    }
}

/// The phrases of texts that hold most of their bytes, at most `most`, each at least `least` times
/// there; in the alphabet of byte-level tokens.
pub(super) fn common_phrases(
    texts: &[String],
    pre_tokenizer: &PreTokenizerWrapper,
    least: u64,
    most: usize,
) -> Result<Vec<String>, tokenizers::Error> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for text in texts {
        let mut parts = PreTokenizedString::from(text.as_str());
        pre_tokenizer.pre_tokenize(&mut parts)?;
        for (part, ..) in parts.get_splits(OffsetReferential::Normalized, OffsetType::Byte) {
            match counts.get_mut(part) {
                Some(count) => *count += 1,
                None => {
                    counts.insert(part.to_owned(), 1);
                }
            }
        }
    }
    let mut phrases: Vec<(u64, String)> = counts
        .into_iter()
        .filter(|(_, count)| *count >= least)
        // A character of this alphabet is a byte; one byte is a token anyway.
        .map(|(part, count)| (count * (part.chars().count() as u64 - 1), part))
        .filter(|(saved, _)| *saved > 0)
        .collect();
    phrases.sort_by(|a, b| (Reverse(a.0), &a.1).cmp(&(Reverse(b.0), &b.1)));
    phrases.truncate(most);
    Ok(phrases.into_iter().map(|(_, phrase)| phrase).collect())
}

/// Adds phrases to a tokenizer of byte-level BPE, up to a vocabulary of `most` tokens: a phrase in
/// the vocabulary is one token, whether or not merges lead to it.
pub(super) fn with_phrases(
    tokenizer: &tokenizers::Tokenizer,
    phrases: Vec<String>,
    most: usize,
) -> Result<tokenizers::Tokenizer, tokenizers::Error> {
    let mut whole = serde_json::to_value(tokenizer)?;
    let model = &mut whole["model"];
    model["ignore_merges"] = json!(true);
    if let Value::Object(vocabulary) = &mut model["vocab"] {
        for phrase in phrases {
            let next = vocabulary.len();
            if next < most && !vocabulary.contains_key(&phrase) {
                vocabulary.insert(phrase, json!(next));
            }
        }
    }
    Ok(serde_json::from_value(whole)?)
}
