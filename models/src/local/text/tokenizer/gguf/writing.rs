//! From a tokenizer to a file's keys.

use std::collections::BTreeSet;

use serde_json::Value;

use super::keys::{CONTROL, NORMAL, UNUSED, USER_DEFINED};
use super::splits::Split;
use crate::local::cpu::GgufTokenizer;
use crate::local::text::tokenizer::encoding::Tokenizer;
use crate::local::text::tokenizer::error::TokenizerError;

impl Tokenizer {
    /// The keys of a GGUF file for a model with `rows` rows of its embedding, with the chat
    /// template `template` or that of the tokenizer's own configuration.
    ///
    /// `tokenizer.huggingface.json` holds the whole tokenizer. The keys that other programs read
    /// are written beside it where it is byte-level BPE that splits text in a known way.
    ///
    /// # Errors
    /// [`TokenizerError::Malformed`] when the tokenizer cannot be written.
    pub fn to_gguf(
        &self,
        rows: usize,
        template: Option<&str>,
    ) -> Result<GgufTokenizer, TokenizerError> {
        let (text, json) = self.to_json()?;
        let special = self.special();
        let around = self.encode("", true)?;
        let [bos, pad, unknown] =
            [&special.bos, &special.pad, &special.unk].map(|token| token.as_ref().map(|t| t.id));
        let eos = special.eos.first().map(|token| token.id);
        let mut data = GgufTokenizer {
            huggingface: Some(text),
            add_bos: Some(bos.is_some() && around.first().copied() == bos),
            add_eos: Some(eos.is_some() && around.last().copied() == eos),
            bos,
            eos,
            unknown,
            pad,
            chat_template: template
                .or_else(|| self.config()["chat_template"].as_str())
                .map(str::to_owned),
            ..GgufTokenizer::default()
        };
        if let Some(split) = byte_level(&json) {
            data.model = Some("gpt2".to_owned());
            data.pre = split.names.first().map(|name| (*name).to_owned());
            data.merges = merges(&json);
            self.list(&json, rows, &mut data);
        }
        Ok(data)
    }

    /// All tokens with their kinds; ids without one are filled up.
    fn list(&self, json: &Value, rows: usize, data: &mut GgufTokenizer) {
        let ids = rows.max(self.vocab_size()) as u32;
        let added = json["added_tokens"].as_array();
        let added: BTreeSet<u64> = added
            .into_iter()
            .flatten()
            .filter_map(|token| token["id"].as_u64())
            .collect();
        for id in 0..ids {
            let (text, kind) = match self.token_text(id) {
                None => (format!("[PAD{id}]"), UNUSED),
                Some(text) if self.table().is_special(id) => (text, CONTROL),
                Some(text) if added.contains(&u64::from(id)) => (text, USER_DEFINED),
                Some(text) => (text, NORMAL),
            };
            data.tokens.push(text);
            data.token_types.push(kind);
        }
    }
}

/// How text is split, if this is byte-level BPE as `gpt2` means it.
fn byte_level(json: &Value) -> Option<&'static Split> {
    let model = &json["model"];
    let absent = |key: &str| matches!(&model[key], Value::Null) || model[key] == "";
    let plain = model["type"] == "BPE"
        && json["decoder"]["type"] == "ByteLevel"
        && model["byte_fallback"] != true
        && [
            "dropout",
            "unk_token",
            "continuing_subword_prefix",
            "end_of_word_suffix",
        ]
        .into_iter()
        .all(absent);
    if plain { Split::of_json(json) } else { None }
}

fn merges(json: &Value) -> Vec<String> {
    let merges = json["model"]["merges"].as_array();
    merges
        .into_iter()
        .flatten()
        .filter_map(|merge| match merge {
            Value::String(text) => Some(text.clone()),
            pair => Some(format!("{} {}", pair[0].as_str()?, pair[1].as_str()?)),
        })
        .collect()
}
