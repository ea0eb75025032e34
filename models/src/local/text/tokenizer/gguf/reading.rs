//! From a file's keys to a tokenizer.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::keys::{BYTE, Keys, NORMAL, UNKNOWN, keys};
use super::sentencepiece::{Piece, merges};
use super::splits::Split;
use crate::local::cpu::GgufTokenizer;
use crate::local::text::tokenizer::encoding::{Tokenizer, malformed};
use crate::local::text::tokenizer::error::TokenizerError;

impl Tokenizer {
    /// The tokenizer that a GGUF file describes; `name` is used in errors.
    ///
    /// `tokenizer.huggingface.json` is taken where the file has it. Else the kinds `gpt2`
    /// (byte-level BPE) and `llama` (BPE of SentencePiece) are known. Control tokens become
    /// special; unused ones have no id.
    ///
    /// Deviation: how white space around special tokens is taken in (`rstrip` of Phi-3's) is not
    /// in these keys, so it is kept.
    ///
    /// # Errors
    /// [`TokenizerError::GgufKind`] and [`TokenizerError::GgufSplit`] for what is not known, with
    /// what is; [`TokenizerError::GgufKeys`] for keys that do not fit each other.
    pub fn from_gguf(name: &str, data: &GgufTokenizer) -> Result<Self, TokenizerError> {
        if let Some(text) = &data.huggingface {
            let inner = tokenizers::Tokenizer::from_bytes(text.as_bytes())
                .map_err(|error| malformed(name, &error))?;
            let config = config(name, data, |id| inner.id_to_token(id))?;
            return Self::from_inner(name, inner, config, &Value::Null);
        }
        let json = match data.model.as_deref() {
            Some("gpt2") => byte_level(&Keys::new(name, data)?)?,
            Some("llama") => sentencepiece(&Keys::new(name, data)?)?,
            other => {
                return Err(TokenizerError::GgufKind {
                    name: name.to_owned(),
                    got: other.unwrap_or("none").to_owned(),
                });
            }
        };
        let config = config(name, data, |id| data.tokens.get(id as usize).cloned())?;
        Self::from_json(name, json.to_string().as_bytes(), config, &Value::Null)
    }
}

/// What `tokenizer_config.json` would say.
fn config(
    name: &str,
    data: &GgufTokenizer,
    text_of: impl Fn(u32) -> Option<String>,
) -> Result<Value, TokenizerError> {
    let mut config = Map::new();
    for (role, key, id) in [
        ("bos_token", "bos_token_id", data.bos),
        ("eos_token", "eos_token_id", data.eos),
        ("pad_token", "padding_token_id", data.pad),
        ("unk_token", "unknown_token_id", data.unknown),
    ] {
        let Some(id) = id else { continue };
        let Some(text) = text_of(id) else {
            return Err(keys(name, format!("{key} is {id}, which no token has")));
        };
        config.insert(role.to_owned(), text.into());
    }
    if let Some(template) = &data.chat_template {
        config.insert("chat_template".to_owned(), template.as_str().into());
    }
    Ok(Value::Object(config))
}

/// The `tokenizer.json` of a byte-level tokenizer.
fn byte_level(keys_of: &Keys<'_>) -> Result<Value, TokenizerError> {
    let (name, data) = (keys_of.name, keys_of.data);
    let pre = data.pre.as_deref().unwrap_or("none");
    let Some(split) = Split::of(pre) else {
        return Err(TokenizerError::GgufSplit {
            name: name.to_owned(),
            got: pre.to_owned(),
            known: Split::all_names(),
        });
    };
    let mut merges = Vec::with_capacity(data.merges.len());
    for (merge, at) in data.merges.iter().zip(0..) {
        // A space may be the first character of a token.
        let start = merge.chars().next().map_or(0, char::len_utf8);
        let parts = merge[start..].find(' ').map(|space| {
            let (left, right) = merge.split_at(start + space);
            [left, &right[1..]]
        });
        let known = |parts: &[&str; 2]| {
            let whole = parts.concat();
            let mut texts = parts.iter().copied().chain([whole.as_str()]);
            texts.all(|text| keys_of.ids.contains_key(text))
        };
        match parts {
            Some(parts) if known(&parts) => merges.push(parts),
            _ => {
                let reason = format!("merge {at}, {merge:?}, does not make a token of two others");
                return Err(keys(name, reason));
            }
        }
    }
    Ok(json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": keys_of.added(),
        "normalizer": if split.composes { json!({"type": "NFC"}) } else { Value::Null },
        "pre_tokenizer": split.pre_tokenizer(),
        "post_processor": keys_of.post_processor(split.add_bos),
        "decoder": {
            "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true,
        },
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null,
            "continuing_subword_prefix": null, "end_of_word_suffix": null,
            "fuse_unk": false, "byte_fallback": false, "ignore_merges": split.ignore_merges,
            "vocab": keys_of.vocabulary(), "merges": merges,
        },
    }))
}

/// The `tokenizer.json` of SentencePiece's BPE.
fn sentencepiece(keys_of: &Keys<'_>) -> Result<Value, TokenizerError> {
    let data = keys_of.data;
    if data.scores.is_empty() {
        return Err(keys(keys_of.name, "there are no scores".to_owned()));
    }
    let is_byte = |text: &str| {
        let digits = text.strip_prefix("<0x").and_then(|t| t.strip_suffix('>'));
        digits.is_some_and(|d| d.len() == 2 && d.chars().all(|c| c.is_ascii_hexdigit()))
    };
    let typed = !data.token_types.is_empty();
    // Neither bytes nor special tokens are made of pieces of text.
    let pieces: HashMap<&str, Piece> = keys_of
        .ids
        .iter()
        .filter(|(text, id)| keys_of.kind(**id) == NORMAL && (typed || !is_byte(text)))
        .map(|(text, id)| {
            let score = data.scores.get(*id as usize).copied().unwrap_or_default();
            (*text, Piece { id: *id, score })
        })
        .collect();
    let of_kind = |kind| (0..data.tokens.len() as u32).find(|id| keys_of.kind(*id) == kind);
    let bytes = of_kind(BYTE).is_some() || !typed && data.tokens.iter().any(|t| is_byte(t));
    let unknown = data.unknown.or_else(|| of_kind(UNKNOWN));
    let space = data.add_space_prefix.unwrap_or(true);
    let mut normalizers = vec![json!({
        "type": "Replace", "pattern": {"String": " "}, "content": "▁",
    })];
    let mut decoders = vec![
        json!({"type": "Replace", "pattern": {"String": "▁"}, "content": " "}),
        json!({"type": "ByteFallback"}),
        json!({"type": "Fuse"}),
    ];
    if space {
        normalizers.insert(0, json!({"type": "Prepend", "prepend": "▁"}));
        decoders.push(json!({"type": "Strip", "content": " ", "start": 1, "stop": 0}));
    }
    Ok(json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": keys_of.added(),
        "normalizer": {"type": "Sequence", "normalizers": normalizers},
        "pre_tokenizer": null,
        "post_processor": keys_of.post_processor(true),
        "decoder": {"type": "Sequence", "decoders": decoders},
        "model": {
            "type": "BPE", "dropout": null, "unk_token": unknown.map(|id| keys_of.text(id)),
            "continuing_subword_prefix": null, "end_of_word_suffix": null,
            "fuse_unk": true, "byte_fallback": bytes, "ignore_merges": false,
            "vocab": keys_of.vocabulary(), "merges": merges(&pieces),
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A byte-level tokenizer of a few letters.
    fn letters(pre: &str) -> GgufTokenizer {
        let texts = [
            "<s>", "<end>", "a", "b", "1", "2", "3", "4", "Ġ", "ab", "12", "123", "",
        ];
        GgufTokenizer {
            model: Some("gpt2".to_owned()),
            pre: Some(pre.to_owned()),
            tokens: texts.map(str::to_owned).to_vec(),
            token_types: vec![3, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 5],
            merges: ["a b", "1 2", "12 3"].map(str::to_owned).to_vec(),
            bos: Some(0),
            eos: Some(0),
            ..GgufTokenizer::default()
        }
    }

    #[test]
    fn text_is_split_as_the_file_names_it() {
        for (pre, expected) in [
            ("llama-bpe", &[9, 8, 11, 7][..]),
            ("smaug-bpe", &[9, 8, 11, 7]),
            ("qwen2", &[9, 8, 4, 5, 6, 7]),
            ("gpt-2", &[9, 8, 11, 7]),
            ("smollm", &[9, 8, 4, 5, 6, 7]),
            ("tekken", &[9, 8, 4, 5, 6, 7]),
            ("default", &[9, 8, 11, 7]),
        ] {
            let tokenizer = Tokenizer::from_gguf("t", &letters(pre)).unwrap();
            let text = "ab 1234";
            let ids = tokenizer.encode(text, false).unwrap();
            assert_eq!(ids, expected, "{pre}");
            assert_eq!(tokenizer.decode(&ids, false).unwrap(), text);
            let begins = ["llama-bpe", "tekken"].contains(&pre);
            assert_eq!(
                tokenizer.encode("a", true).unwrap().first() == Some(&0),
                begins
            );
        }
    }

    #[test]
    fn kinds_of_tokens_are_kept_and_unused_ones_have_no_id() {
        let mut data = letters("qwen2");
        data.add_eos = Some(true);
        data.chat_template = Some("{{ x }}".to_owned());
        let tokenizer = Tokenizer::from_gguf("t", &data).unwrap();
        assert_eq!(tokenizer.vocab_size(), 12);
        assert!(tokenizer.table().is_special(0) && !tokenizer.table().is_special(1));
        assert_eq!(tokenizer.encode("a<end><s>", true).unwrap(), [2, 1, 0, 0]);
        assert_eq!(tokenizer.eos_ids(), [0]);
        assert_eq!(tokenizer.config()["chat_template"], "{{ x }}");
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        let told = |change: &dyn Fn(&mut GgufTokenizer)| {
            let mut data = letters("qwen2");
            change(&mut data);
            Tokenizer::from_gguf("file", &data).unwrap_err().to_string()
        };
        let error = told(&|data| data.model = Some("t5".to_owned()));
        assert!(error.contains("is t5, expected gpt2"), "{error}");
        let error = told(&|data| data.pre = Some("new".to_owned()));
        assert!(
            error.contains("is new, expected one of gpt-2, phi-2, llama-bpe"),
            "{error}"
        );
        let error = told(&|data| data.pre = None);
        assert!(error.contains("is none, expected"), "{error}");
        let error = told(&|data| data.tokens[3] = "a".to_owned());
        assert!(error.contains("token \"a\" has the ids 2 and 3"), "{error}");
        let error = told(&|data| data.token_types.truncate(3));
        assert!(
            error.contains("token_type has 3 values for 13 tokens"),
            "{error}"
        );
        let error = told(&|data| data.merges[1] = "a 2".to_owned());
        assert!(error.contains("merge 1, \"a 2\""), "{error}");
        let error = told(&|data| data.eos = Some(99));
        assert!(error.contains("eos_token_id is 99"), "{error}");
        let error = told(&|data| data.tokens.clear());
        assert!(error.contains("no tokens"), "{error}");
        let error = told(&|data| data.model = Some("llama".to_owned()));
        assert!(error.contains("no scores"), "{error}");
    }

    /// Bytes and a few pieces, ranked as SentencePiece does.
    fn pieces() -> GgufTokenizer {
        let mut data = GgufTokenizer {
            model: Some("llama".to_owned()),
            bos: Some(1),
            eos: Some(2),
            unknown: Some(0),
            ..GgufTokenizer::default()
        };
        let mut put = |text: &str, kind: i32, score: f32| {
            data.tokens.push(text.to_owned());
            data.token_types.push(kind);
            data.scores.push(score);
        };
        put("<unk>", 2, 0.0);
        put("<s>", 3, 0.0);
        put("</s>", 3, 0.0);
        for byte in 0..=255_u8 {
            put(&format!("<0x{byte:02X}>"), 6, 0.0);
        }
        for (text, score) in [
            ("▁h", -1.0),
            ("ell", -4.0),
            ("el", -3.0),
            ("ll", -2.0),
            ("▁", -9.0),
            ("h", -9.0),
            ("e", -9.0),
            ("l", -9.0),
            ("<", -9.0),
            ("s", -9.0),
            (">", -9.0),
            ("s>", -9.0),
        ] {
            put(text, 1, score);
        }
        data
    }

    #[test]
    fn pieces_are_merged_by_score_and_the_rest_becomes_bytes() {
        let tokenizer = Tokenizer::from_gguf("t", &pieces()).unwrap();
        let texts = |text: &str, special| -> Vec<String> {
            let ids = tokenizer.encode(text, special).unwrap();
            assert_eq!(
                tokenizer.decode(&ids, true).unwrap(),
                text.replace("</s>", "")
            );
            ids.iter()
                .map(|id| tokenizer.token_text(*id).unwrap())
                .collect()
        };
        assert_eq!(texts("hell", true), ["<s>", "▁h", "ell"]);
        assert_eq!(texts("el h", false), ["▁", "el", "▁h"]);
        assert_eq!(texts("é", false), ["▁", "<0xC3>", "<0xA9>"]);
        assert_eq!(texts("h</s>", false), ["▁h", "</s>"]);
        let mut bare = pieces();
        bare.add_space_prefix = Some(false);
        bare.add_bos = Some(false);
        bare.add_eos = Some(true);
        let tokenizer = Tokenizer::from_gguf("t", &bare).unwrap();
        let ids = tokenizer.encode("hell h", true).unwrap();
        assert_eq!(tokenizer.decode(&ids, false).unwrap(), "hell h</s>");
        assert_eq!(ids.len(), 4);
        assert_eq!(tokenizer.special().unk.as_ref().unwrap().id, 0);
    }
}
