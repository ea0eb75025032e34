//! The tokenizer of a model.

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::error::TokenizerError;
use super::guarded::Guarded;
use super::special::SpecialTokens;
use super::table::TokenTable;
use crate::local::text::sampling::TokenMask;

/// Tokens of a text with the bytes of the text that each came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Token ids.
    pub ids: Vec<u32>,
    /// Byte range of the text for each token; empty for tokens that were added to it.
    pub spans: Vec<Range<usize>>,
}

/// Texts to token ids and back, with the special tokens of a model.
///
/// Truncation and padding that the files may set are left out: a prompt is never cut in silence.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    pub(super) inner: tokenizers::Tokenizer,
    config: Value,
    special: SpecialTokens,
    table: Arc<TokenTable>,
    hash: String,
    pub(super) guarded: Arc<OnceLock<Arc<Guarded>>>,
}

impl Tokenizer {
    /// The tokenizer of a Hugging Face folder: `tokenizer.json` with `tokenizer_config.json` and
    /// `special_tokens_map.json` where they are.
    ///
    /// # Errors
    /// [`TokenizerError`] when a file cannot be read or does not describe a tokenizer.
    pub fn from_folder(folder: &Path) -> Result<Self, TokenizerError> {
        let read = |name: &str| match std::fs::read(folder.join(name)) {
            Ok(bytes) => json_of(&folder.join(name), &bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Value::Null),
            Err(source) => Err(file_error(&folder.join(name), source)),
        };
        let config = read("tokenizer_config.json")?;
        let map = read("special_tokens_map.json")?;
        let path = folder.join("tokenizer.json");
        let bytes = std::fs::read(&path).map_err(|source| file_error(&path, source))?;
        Self::from_json(&path.display().to_string(), &bytes, config, &map)
    }

    /// The tokenizer of a single `tokenizer.json`, with no named special tokens.
    ///
    /// # Errors
    /// [`TokenizerError`] when the file cannot be read or does not describe a tokenizer.
    pub fn from_file(path: &Path) -> Result<Self, TokenizerError> {
        let bytes = std::fs::read(path).map_err(|source| file_error(path, source))?;
        Self::from_json(
            &path.display().to_string(),
            &bytes,
            Value::Null,
            &Value::Null,
        )
    }

    /// The tokenizer of the contents of its files; `name` is used in errors, and `config` and
    /// `map` may be null.
    ///
    /// # Errors
    /// [`TokenizerError`] when they do not describe a tokenizer.
    pub fn from_json(
        name: &str,
        tokenizer: &[u8],
        config: Value,
        map: &Value,
    ) -> Result<Self, TokenizerError> {
        let inner = tokenizers::Tokenizer::from_bytes(tokenizer)
            .map_err(|error| malformed(name, &error))?;
        Self::from_inner(name, inner, config, map)
    }

    pub(super) fn from_inner(
        name: &str,
        mut inner: tokenizers::Tokenizer,
        config: Value,
        map: &Value,
    ) -> Result<Self, TokenizerError> {
        inner.with_padding(None);
        inner
            .with_truncation(None)
            .map_err(|error| malformed(name, &error))?;
        add_missing(name, &mut inner, &config)?;
        let (text, json) = written(name, &inner)?;
        let special = SpecialTokens::read(&config, map, |token| inner.token_to_id(token))?;
        let mut tokens: Vec<(u32, String)> = inner
            .get_vocab(true)
            .into_iter()
            .map(|(token, id)| (id, token))
            .collect();
        tokens.sort_unstable();
        let added = inner.get_added_tokens_decoder();
        let table = TokenTable::new(&json, &tokens, |id| {
            added.get(&id).is_some_and(|token| token.special)
        })?;
        let hash = format!("{:x}", Sha256::digest(text.as_bytes()));
        Ok(Self {
            inner,
            config,
            special,
            table: Arc::new(table),
            hash,
            guarded: Arc::default(),
        })
    }

    /// The ids of `text`. With `add_special`, what the model wants around a plain text is added,
    /// such as its first token; prompts from a chat template have that already.
    ///
    /// # Errors
    /// [`TokenizerError::Encode`] when the text has a part that the vocabulary cannot say.
    pub fn encode(&self, text: &str, add_special: bool) -> Result<Vec<u32>, TokenizerError> {
        let encoding = self
            .inner
            .encode_fast(text, add_special)
            .map_err(|error| encode_error(&error))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The ids of `text` with the part of the text that each came from; nothing is added.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn encode_with_spans(&self, text: &str) -> Result<Encoded, TokenizerError> {
        let encoding = self
            .inner
            .encode(text, false)
            .map_err(|error| encode_error(&error))?;
        Ok(Encoded {
            ids: encoding.get_ids().to_vec(),
            spans: encoding
                .get_offsets()
                .iter()
                .map(|&(start, end)| start..end)
                .collect(),
        })
    }

    /// The text of `ids`, without special tokens if `skip_special`. Bytes that are no UTF-8
    /// become U+FFFD.
    ///
    /// Deviation: `clean_up_tokenization_spaces` is not applied.
    ///
    /// # Errors
    /// [`TokenizerError::UnknownId`] for an id outside the vocabulary.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String, TokenizerError> {
        for &id in ids {
            if self.table.bytes(id).is_none() {
                return Err(TokenizerError::UnknownId {
                    id,
                    vocab: self.vocab_size(),
                });
            }
        }
        self.inner
            .decode(ids, skip_special)
            .map_err(|error| TokenizerError::Decode {
                reason: error.to_string(),
            })
    }

    /// One more than the highest token id.
    pub fn vocab_size(&self) -> usize {
        self.table.len()
    }

    /// The special tokens by role.
    pub fn special(&self) -> &SpecialTokens {
        &self.special
    }

    /// Ids that end a reply, as `tokenizer_config.json` names them. The model's own files may
    /// name more.
    pub fn eos_ids(&self) -> Vec<u32> {
        self.special.eos.iter().map(|token| token.id).collect()
    }

    /// The id of the token with this exact text.
    pub fn token_id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The text of a token as the vocabulary writes it.
    pub fn token_text(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// The bytes that a token stands for; `None` where no token has the id.
    pub fn token_bytes(&self, id: u32) -> Option<&[u8]> {
        self.table.bytes(id)
    }

    /// The bytes of all tokens.
    pub fn table(&self) -> &Arc<TokenTable> {
        &self.table
    }

    /// `tokenizer_config.json` as it was read; null where there is none.
    pub fn config(&self) -> &Value {
        &self.config
    }

    /// SHA-256 of the tokenizer in lower-case hex: equal hashes encode equally.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Sets the chat template that [`Tokenizer::save`] writes.
    pub fn set_chat_template(&mut self, template: &str) {
        if !self.config.is_object() {
            self.config = json!({});
        }
        self.config["chat_template"] = template.into();
    }

    /// Checks that a model with `model_vocab` tokens knows every token, and gives the ids that
    /// may be sampled: models often have more rows than the tokenizer has tokens.
    ///
    /// # Errors
    /// [`TokenizerError::Vocabulary`] names the first token beyond the model's vocabulary.
    pub fn check_vocabulary(&self, model_vocab: usize) -> Result<TokenMask, TokenizerError> {
        let ids = 0..self.vocab_size() as u32;
        let mut beyond = ids
            .clone()
            .skip(model_vocab)
            .filter(|id| self.table.bytes(*id).is_some());
        if let Some(id) = beyond.next() {
            return Err(TokenizerError::Vocabulary {
                model: model_vocab,
                token: self.token_text(id).unwrap_or_default(),
                id,
                beyond: beyond.count() + 1,
            });
        }
        let mut mask = TokenMask::none(model_vocab);
        for id in ids.filter(|id| self.table.bytes(*id).is_some()) {
            mask.allow(id);
        }
        Ok(mask)
    }

    /// Writes `tokenizer.json` and `tokenizer_config.json` into `folder`, as Hugging Face
    /// transformers reads them.
    ///
    /// # Errors
    /// [`TokenizerError::File`] when a file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), TokenizerError> {
        let text = self
            .inner
            .to_string(true)
            .map_err(|error| malformed("tokenizer.json", &error))?;
        let mut config = json!({
            "tokenizer_class": "PreTrainedTokenizerFast",
            "clean_up_tokenization_spaces": false,
        });
        if let (Value::Object(all), Value::Object(read)) = (&mut config, &self.config) {
            all.extend(read.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        let roles = [
            ("bos_token", self.special.bos.as_ref()),
            ("eos_token", self.special.eos.first()),
            ("pad_token", self.special.pad.as_ref()),
            ("unk_token", self.special.unk.as_ref()),
        ];
        for (role, token) in roles {
            if let (Some(token), None | Some(Value::Null)) = (token, config.get(role)) {
                config[role] = token.text.as_str().into();
            }
        }
        let written = [
            ("tokenizer.json", text),
            ("tokenizer_config.json", format!("{config:#}\n")),
        ];
        std::fs::create_dir_all(folder).map_err(|source| file_error(folder, source))?;
        for (name, text) in written {
            let path = folder.join(name);
            std::fs::write(&path, text).map_err(|source| file_error(&path, source))?;
        }
        Ok(())
    }

    /// `tokenizer.json` as text and parsed.
    pub(super) fn to_json(&self) -> Result<(String, Value), TokenizerError> {
        written("tokenizer.json", &self.inner)
    }

    /// The library's tokenizer for pieces of text: nothing is normalised, and the names of
    /// special tokens are ordinary text.
    pub(crate) fn for_pieces(&self) -> Result<tokenizers::Tokenizer, TokenizerError> {
        let mut inner = self.inner.clone();
        inner
            .with_normalizer(None::<tokenizers::NormalizerWrapper>)
            .map_err(|error| malformed("tokenizer", &error))?;
        inner.set_encode_special_tokens(true);
        Ok(inner)
    }
}

fn written(name: &str, inner: &tokenizers::Tokenizer) -> Result<(String, Value), TokenizerError> {
    let text = inner
        .to_string(false)
        .map_err(|error| malformed(name, &error))?;
    let json = serde_json::from_str(&text).map_err(|source| TokenizerError::Json {
        name: name.to_owned(),
        source,
    })?;
    Ok((text, json))
}

/// Adds the tokens that only `tokenizer_config.json` lists.
fn add_missing(
    name: &str,
    inner: &mut tokenizers::Tokenizer,
    config: &Value,
) -> Result<(), TokenizerError> {
    let Some(listed) = config["added_tokens_decoder"].as_object() else {
        return Ok(());
    };
    let mut missing: Vec<(u32, &Value)> = listed
        .iter()
        .filter_map(|(id, token)| Some((id.parse().ok()?, token)))
        .filter(|(_, token)| {
            let text = token["content"].as_str();
            text.is_some_and(|text| inner.token_to_id(text).is_none())
        })
        .collect();
    missing.sort_by_key(|(id, _)| *id);
    for (id, token) in missing {
        let text = token["content"].as_str().unwrap_or_default();
        let special = token["special"].as_bool().unwrap_or(true);
        let token = tokenizers::AddedToken::from(text, special);
        inner
            .add_tokens([token])
            .map_err(|error| malformed(name, &error))?;
        if inner.token_to_id(text) != Some(id) {
            return Err(TokenizerError::Malformed {
                name: name.to_owned(),
                reason: format!(
                    "added_tokens_decoder gives {text:?} the id {id}, which is not the next free one"
                ),
            });
        }
    }
    Ok(())
}

fn file_error(path: &Path, source: std::io::Error) -> TokenizerError {
    TokenizerError::File {
        path: path.to_owned(),
        source,
    }
}

fn json_of(path: &Path, bytes: &[u8]) -> Result<Value, TokenizerError> {
    serde_json::from_slice(bytes).map_err(|source| TokenizerError::Json {
        name: path.display().to_string(),
        source,
    })
}

pub(super) fn malformed(name: &str, error: &tokenizers::Error) -> TokenizerError {
    TokenizerError::Malformed {
        name: name.to_owned(),
        reason: error.to_string(),
    }
}

pub(super) fn encode_error(error: &tokenizers::Error) -> TokenizerError {
    TokenizerError::Encode {
        reason: error.to_string(),
    }
}
