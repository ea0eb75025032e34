//! Special tokens by role, as `tokenizer_config.json` and `special_tokens_map.json` name them.

use serde_json::Value;

use super::error::TokenizerError;

/// A special token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecialToken {
    /// Its text.
    pub text: String,
    /// Its id.
    pub id: u32,
}

/// The special tokens of a tokenizer by their role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpecialTokens {
    /// Begins a text.
    pub bos: Option<SpecialToken>,
    /// Each ends a text or a turn; the first one is `eos_token` of the chat template.
    pub eos: Vec<SpecialToken>,
    /// Fills up rows of a batch.
    pub pad: Option<SpecialToken>,
    /// Stands for what the vocabulary lacks.
    pub unk: Option<SpecialToken>,
}

impl SpecialTokens {
    /// The roles that `config` names or else `map`, with ids from `id_of`.
    ///
    /// # Errors
    /// [`TokenizerError::UnknownSpecial`] where `id_of` knows no id.
    pub(super) fn read(
        config: &Value,
        map: &Value,
        id_of: impl Fn(&str) -> Option<u32>,
    ) -> Result<Self, TokenizerError> {
        let all = |role: &'static str| -> Result<Vec<SpecialToken>, TokenizerError> {
            let named = texts(&config[role]);
            let named = if named.is_empty() {
                texts(&map[role])
            } else {
                named
            };
            named
                .into_iter()
                .map(|text| match id_of(&text) {
                    Some(id) => Ok(SpecialToken { text, id }),
                    None => Err(TokenizerError::UnknownSpecial { role, token: text }),
                })
                .collect()
        };
        let first = |role| Ok::<_, TokenizerError>(all(role)?.into_iter().next());
        Ok(Self {
            bos: first("bos_token")?,
            eos: all("eos_token")?,
            pad: first("pad_token")?,
            unk: first("unk_token")?,
        })
    }
}

/// The texts of a token that is written as a string, as an object with `content`, or as a list.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Object(token) => token
            .get("content")
            .and_then(Value::as_str)
            .map(|text| vec![text.to_owned()])
            .unwrap_or_default(),
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id_of(text: &str) -> Option<u32> {
        ["<s>", "</s>", "<end>"]
            .iter()
            .position(|known| *known == text)
            .map(|id| id as u32)
    }

    #[test]
    fn strings_objects_and_lists_name_tokens_and_the_map_fills_gaps() {
        let config = json!({"eos_token": ["</s>", {"content": "<end>"}], "pad_token": null});
        let map = json!({"bos_token": {"content": "<s>", "lstrip": false}, "eos_token": "<s>"});
        let special = SpecialTokens::read(&config, &map, id_of).unwrap();
        assert_eq!(special.bos.unwrap().id, 0);
        let eos: Vec<u32> = special.eos.iter().map(|token| token.id).collect();
        assert_eq!(eos, [1, 2]);
        assert_eq!(special.pad, None);
    }

    #[test]
    fn a_name_outside_the_vocabulary_is_refused() {
        let config = json!({"unk_token": "<unk>"});
        let error = SpecialTokens::read(&config, &Value::Null, id_of).unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"unk_token names the token "<unk>", which is not in the vocabulary"#
        );
    }
}
