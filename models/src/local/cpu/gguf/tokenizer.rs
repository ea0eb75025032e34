//! What a GGUF file says about its tokenizer.

use std::collections::HashMap;

use candle_core::quantized::gguf_file::Value;

/// The tokenizer's data as it stands in the file; nothing is interpreted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GgufTokenizer {
    /// Kind of tokenizer: `gpt2` for byte-level BPE, `llama` for SentencePiece.
    pub model: Option<String>,
    /// How text is split before.
    pub pre: Option<String>,
    /// All tokens by id.
    pub tokens: Vec<String>,
    /// Scores by id (SentencePiece).
    pub scores: Vec<f32>,
    /// Kinds by id: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte.
    pub token_types: Vec<i32>,
    /// Merges, each two tokens with a space between.
    pub merges: Vec<String>,
    /// The token that begins a text.
    pub bos: Option<u32>,
    /// The token that ends a text.
    pub eos: Option<u32>,
    /// The token for what is unknown.
    pub unknown: Option<u32>,
    /// The token that fills rows.
    pub pad: Option<u32>,
    /// Whether texts begin with `bos`.
    pub add_bos: Option<bool>,
    /// Whether texts end with `eos`.
    pub add_eos: Option<bool>,
    /// Whether a space is put before texts.
    pub add_space_prefix: Option<bool>,
    /// The chat template's source.
    pub chat_template: Option<String>,
    /// The whole `tokenizer.json` of Hugging Face.
    pub huggingface: Option<String>,
}

const TEMPLATE: &str = "tokenizer.chat_template";
const HUGGINGFACE: &str = "tokenizer.huggingface.json";

fn key(name: &str) -> String {
    format!("tokenizer.ggml.{name}")
}

impl GgufTokenizer {
    /// Reads what is there; values of another kind than usual count as absent.
    pub(super) fn read(metadata: &HashMap<String, Value>) -> Self {
        let get = |name: &str| metadata.get(&key(name));
        let text = |value: Option<&Value>| value.and_then(|v| v.to_string().ok().cloned());
        let id = |name| get(name).and_then(|v| u32::try_from(v.to_u64().ok()?).ok());
        let flag = |name| get(name).and_then(|v| v.to_bool().ok());
        let list = |name| match get(name) {
            Some(Value::Array(values)) => values.as_slice(),
            _ => &[],
        };
        let texts = |name| list(name).iter().filter_map(|v| text(Some(v))).collect();
        Self {
            model: text(get("model")),
            pre: text(get("pre")),
            tokens: texts("tokens"),
            scores: list("scores")
                .iter()
                .filter_map(|v| v.to_f32().ok())
                .collect(),
            token_types: list("token_type")
                .iter()
                .filter_map(|v| v.to_i32().ok())
                .collect(),
            merges: texts("merges"),
            bos: id("bos_token_id"),
            eos: id("eos_token_id"),
            unknown: id("unknown_token_id"),
            pad: id("padding_token_id"),
            add_bos: flag("add_bos_token"),
            add_eos: flag("add_eos_token"),
            add_space_prefix: flag("add_space_prefix"),
            chat_template: text(metadata.get(TEMPLATE)),
            huggingface: text(metadata.get(HUGGINGFACE)),
        }
    }

    /// The keys and values to write.
    pub(super) fn entries(&self) -> Vec<(String, Value)> {
        let mut entries = Vec::new();
        let texts =
            |list: &[String]| Value::Array(list.iter().cloned().map(Value::String).collect());
        let mut put = |name: &str, value: Option<Value>| {
            entries.extend(value.map(|value| (key(name), value)));
        };
        let filled = |list: Value| match &list {
            Value::Array(values) if values.is_empty() => None,
            _ => Some(list),
        };
        put("model", self.model.clone().map(Value::String));
        put("pre", self.pre.clone().map(Value::String));
        put("tokens", filled(texts(&self.tokens)));
        let scores = self.scores.iter().copied().map(Value::F32).collect();
        put("scores", filled(Value::Array(scores)));
        let types = self.token_types.iter().copied().map(Value::I32).collect();
        put("token_type", filled(Value::Array(types)));
        put("merges", filled(texts(&self.merges)));
        put("bos_token_id", self.bos.map(Value::U32));
        put("eos_token_id", self.eos.map(Value::U32));
        put("unknown_token_id", self.unknown.map(Value::U32));
        put("padding_token_id", self.pad.map(Value::U32));
        put("add_bos_token", self.add_bos.map(Value::Bool));
        put("add_eos_token", self.add_eos.map(Value::Bool));
        put("add_space_prefix", self.add_space_prefix.map(Value::Bool));
        for (key, text) in [
            (TEMPLATE, &self.chat_template),
            (HUGGINGFACE, &self.huggingface),
        ] {
            let text = text.clone().map(Value::String);
            entries.extend(text.map(|value| (key.to_owned(), value)));
        }
        entries
    }
}
