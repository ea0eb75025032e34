//! The keys of a file, checked against each other.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::local::cpu::GgufTokenizer;
use crate::local::text::tokenizer::error::TokenizerError;

/// Kinds of tokens in `tokenizer.ggml.token_type`.
pub(super) const NORMAL: i32 = 1;
pub(super) const UNKNOWN: i32 = 2;
pub(super) const CONTROL: i32 = 3;
pub(super) const USER_DEFINED: i32 = 4;
pub(super) const UNUSED: i32 = 5;
pub(super) const BYTE: i32 = 6;

/// An error of keys that do not fit each other.
pub(super) fn keys(name: &str, reason: String) -> TokenizerError {
    TokenizerError::GgufKeys {
        name: name.to_owned(),
        reason,
    }
}

/// Keys whose lists fit each other.
pub(super) struct Keys<'a> {
    pub(super) name: &'a str,
    pub(super) data: &'a GgufTokenizer,
    /// Ids by text, without unused tokens.
    pub(super) ids: HashMap<&'a str, u32>,
}

impl<'a> Keys<'a> {
    pub(super) fn new(name: &'a str, data: &'a GgufTokenizer) -> Result<Self, TokenizerError> {
        let count = data.tokens.len();
        if count == 0 {
            return Err(keys(name, "there are no tokens".to_owned()));
        }
        for (key, got) in [
            ("token_type", data.token_types.len()),
            ("scores", data.scores.len()),
        ] {
            if got != 0 && got != count {
                return Err(keys(
                    name,
                    format!("{key} has {got} values for {count} tokens"),
                ));
            }
        }
        let mut all = Self {
            name,
            data,
            ids: HashMap::with_capacity(count),
        };
        for (text, id) in data.tokens.iter().zip(0..) {
            if all.kind(id) == UNUSED || text.is_empty() {
                continue;
            }
            if let Some(other) = all.ids.insert(text, id) {
                let reason = format!("token {text:?} has the ids {other} and {id}");
                return Err(keys(name, reason));
            }
        }
        Ok(all)
    }

    pub(super) fn kind(&self, id: u32) -> i32 {
        let data = self.data;
        let kind = data.token_types.get(id as usize).copied();
        // What begins and ends texts is no text, whatever the file calls it.
        if [data.bos, data.eos, data.pad].contains(&Some(id)) && kind != Some(USER_DEFINED) {
            return CONTROL;
        }
        kind.unwrap_or(NORMAL)
    }

    pub(super) fn text(&self, id: u32) -> &'a str {
        self.data.tokens.get(id as usize).map_or("", String::as_str)
    }

    /// Tokens that are found before text is split.
    pub(super) fn added(&self) -> Vec<Value> {
        let mut added: Vec<(u32, &str)> = self.ids.iter().map(|(text, id)| (*id, *text)).collect();
        added.retain(|(id, _)| matches!(self.kind(*id), UNKNOWN | CONTROL | USER_DEFINED));
        added.sort_unstable();
        added
            .into_iter()
            .map(|(id, text)| {
                json!({
                    "id": id, "content": text, "special": self.kind(id) != USER_DEFINED,
                    "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
                })
            })
            .collect()
    }

    /// What is put around a plain text.
    pub(super) fn post_processor(&self, add_bos: bool) -> Value {
        let data = self.data;
        let bos = data.bos.filter(|_| data.add_bos.unwrap_or(add_bos));
        let eos = data.eos.filter(|_| data.add_eos.unwrap_or(false));
        if bos.is_none() && eos.is_none() {
            return Value::Null;
        }
        let around = |sequences: &[&str]| -> Vec<Value> {
            let mut parts = Vec::new();
            for (sequence, kind) in sequences.iter().zip(0..) {
                let special = |id| json!({"SpecialToken": {"id": self.text(id), "type_id": kind}});
                parts.extend(bos.map(special));
                parts.push(json!({"Sequence": {"id": sequence, "type_id": kind}}));
                parts.extend(eos.map(special));
            }
            parts
        };
        let tokens: Map<String, Value> = bos
            .into_iter()
            .chain(eos)
            .map(|id| {
                let text = self.text(id);
                let token = json!({"id": text, "ids": [id], "tokens": [text]});
                (text.to_owned(), token)
            })
            .collect();
        json!({
            "type": "TemplateProcessing",
            "single": around(&["A"]),
            "pair": around(&["A", "B"]),
            "special_tokens": tokens,
        })
    }

    pub(super) fn vocabulary(&self) -> Map<String, Value> {
        let ids = self.ids.iter();
        ids.map(|(text, id)| ((*text).to_owned(), (*id).into()))
            .collect()
    }
}
