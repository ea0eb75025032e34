//! Text of a reply that grows by tokens.

use std::sync::Arc;

use crate::local::text::tokenizer::TokenTable;

/// Turns the tokens of one reply into text, in whole characters only.
///
/// All texts joined are what [`Tokenizer::decode`](crate::local::text::Tokenizer::decode) gives
/// without special tokens, except that runs of SentencePiece byte tokens which are no UTF-8
/// become one U+FFFD for each broken character rather than for each byte. The cost of a token
/// does not grow with the reply.
///
/// # Examples
/// ```
/// # use rounds_models::local::text::{BpeTraining, Detokenizer};
/// let tokenizer = BpeTraining::default().train(["a b"])?;
/// let ids = tokenizer.encode("é!", false)?;
/// let mut detokenizer = Detokenizer::new(tokenizer.table().clone());
/// assert_eq!(ids.len(), 3);
/// assert_eq!(detokenizer.push(ids[0]), "");
/// assert_eq!(detokenizer.push(ids[1]), "é");
/// assert_eq!(detokenizer.push(ids[2]), "!");
/// # Ok::<(), rounds_models::local::text::TokenizerError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Detokenizer {
    table: Arc<TokenTable>,
    /// The beginning of a character that is not whole yet.
    pending: Vec<u8>,
    text: String,
    drop_space: bool,
}

impl Detokenizer {
    /// For a reply of which no token is there yet.
    pub fn new(table: Arc<TokenTable>) -> Self {
        let drop_space = table.drops_leading_space();
        Self {
            table,
            pending: Vec::new(),
            text: String::new(),
            drop_space,
        }
    }

    /// The text that `token` completes: empty for special and unknown tokens and within a
    /// character.
    pub fn push(&mut self, token: u32) -> &str {
        self.text.clear();
        if !self.table.is_special(token)
            && let Some(mut bytes) = self.table.bytes(token)
        {
            if self.drop_space && !bytes.is_empty() {
                bytes = bytes.strip_prefix(b" ").unwrap_or(bytes);
                self.drop_space = false;
            }
            self.pending.extend_from_slice(bytes);
            self.take_whole();
        }
        &self.text
    }

    /// The text of what is left at the end: U+FFFD for a character that stays incomplete.
    pub fn finish(&mut self) -> &str {
        self.text.clear();
        if !self.pending.is_empty() {
            self.text.push(char::REPLACEMENT_CHARACTER);
            self.pending.clear();
        }
        &self.text
    }

    /// Moves whole characters from `pending` to `text`, a U+FFFD for each broken one.
    fn take_whole(&mut self) {
        let mut done = 0;
        loop {
            match str::from_utf8(&self.pending[done..]) {
                Ok(whole) => {
                    self.text.push_str(whole);
                    done = self.pending.len();
                    break;
                }
                Err(error) => {
                    let end = done + error.valid_up_to();
                    // The bytes up to the error are valid: nothing is replaced in them.
                    self.text
                        .push_str(&String::from_utf8_lossy(&self.pending[done..end]));
                    done = end;
                    let Some(broken) = error.error_len() else {
                        break;
                    };
                    self.text.push(char::REPLACEMENT_CHARACTER);
                    done += broken;
                }
            }
        }
        self.pending.drain(..done);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::local::text::tokenizer::{BpeTraining, Tokenizer};

    fn tokenizer() -> Tokenizer {
        let options = BpeTraining {
            vocab_size: 300,
            ..BpeTraining::default()
        };
        options
            .train((0..50).map(|i| format!("naïve 温度 {i} 🙂 the end of the day")))
            .unwrap()
    }

    fn streamed(tokenizer: &Tokenizer, ids: &[u32]) -> String {
        let mut detokenizer = Detokenizer::new(tokenizer.table().clone());
        let mut text = String::new();
        for id in ids {
            text.push_str(detokenizer.push(*id));
        }
        text.push_str(detokenizer.finish());
        text
    }

    #[test]
    fn any_tokens_stream_to_the_text_of_all_of_them() {
        let tokenizer = tokenizer();
        let vocab = tokenizer.vocab_size() as u32;
        proptest!(|(ids in prop::collection::vec(0..vocab, 0..60))| {
            prop_assert_eq!(streamed(&tokenizer, &ids), tokenizer.decode(&ids, true).unwrap());
        });
        proptest!(|(text in "\\PC{0,40}")| {
            let ids = tokenizer.encode(&text, false).unwrap();
            prop_assert_eq!(streamed(&tokenizer, &ids), text);
        });
    }

    #[test]
    fn sentencepiece_loses_its_first_space_only() {
        let json = serde_json::json!({
            "version": "1.0", "added_tokens": [
                {"id": 0, "content": "<s>", "single_word": false, "lstrip": false,
                 "rstrip": false, "normalized": false, "special": true}],
            "normalizer": {"type": "Sequence", "normalizers": [
                {"type": "Prepend", "prepend": "▁"},
                {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
            "pre_tokenizer": null, "post_processor": null,
            "decoder": {"type": "Sequence", "decoders": [
                {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                {"type": "ByteFallback"}, {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
            "model": {"type": "BPE", "dropout": null, "unk_token": "<s>", "fuse_unk": true,
                "byte_fallback": true, "merges": ["▁ a", "▁a b"],
                "vocab": {"<s>": 0, "<0xC3>": 1, "<0xA9>": 2, "▁": 3, "a": 4, "b": 5, "▁a": 6, "▁ab": 7}},
        });
        let tokenizer = Tokenizer::from_json(
            "inline",
            json.to_string().as_bytes(),
            serde_json::Value::Null,
            &serde_json::Value::Null,
        )
        .unwrap();
        let ids = tokenizer.encode("ab abé a", false).unwrap();
        assert_eq!(ids, [7, 7, 1, 2, 6]);
        assert_eq!(tokenizer.decode(&ids, true).unwrap(), "ab abé a");
        assert_eq!(streamed(&tokenizer, &ids), "ab abé a");
        assert_eq!(tokenizer.token_bytes(7), Some(&b" ab"[..]));
    }
}
