//! How byte-level tokenizers split text, by the names of `tokenizer.ggml.pre`.

use serde_json::{Value, json};

/// One after the other, each within the parts of the one before.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// What the expression finds, and what lies between.
    Expression(&'static str),
    /// Every digit is alone.
    Digits,
}

/// A way to split text.
#[derive(Debug)]
pub(super) struct Split {
    /// Its names; the first one is written.
    pub(super) names: &'static [&'static str],
    steps: &'static [Step],
    /// GPT-2's expression comes last.
    gpt2: bool,
    /// Text is composed first (NFC).
    pub(super) composes: bool,
    /// A part that is a token is that token, whatever the merges say.
    pub(super) ignore_merges: bool,
    /// Texts begin with `bos` unless the file says otherwise.
    pub(super) add_bos: bool,
}

const PLAIN: Split = Split {
    names: &[],
    steps: &[],
    gpt2: false,
    composes: false,
    ignore_merges: false,
    add_bos: false,
};

const THREE_DIGITS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const ONE_DIGIT: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// All known ways.
///
/// # Source
/// The table of `llm_tokenizer_bpe` in llama.cpp; the expressions as the models' own
/// `tokenizer.json` write them.
pub(super) const SPLITS: [Split; 8] = [
    Split {
        names: &["gpt-2", "phi-2"],
        gpt2: true,
        ..PLAIN
    },
    Split {
        names: &["llama-bpe", "llama3", "llama-v3", "falcon3"],
        steps: &[Step::Expression(THREE_DIGITS)],
        ignore_merges: true,
        add_bos: true,
        ..PLAIN
    },
    Split {
        names: &["smaug-bpe", "dbrx", "glm4", "chatglm-bpe"],
        steps: &[Step::Expression(THREE_DIGITS)],
        ..PLAIN
    },
    Split {
        names: &["qwen2", "qwen2.5"],
        steps: &[Step::Expression(ONE_DIGIT)],
        composes: true,
        ..PLAIN
    },
    Split {
        names: &["deepseek-r1-qwen", "megrez", "hunyuan"],
        steps: &[Step::Expression(ONE_DIGIT)],
        ..PLAIN
    },
    Split {
        names: &["smollm", "starcoder", "refact", "minerva-7b"],
        steps: &[Step::Digits],
        gpt2: true,
        ..PLAIN
    },
    Split {
        names: &["tekken"],
        steps: &[Step::Expression(TEKKEN)],
        ignore_merges: true,
        add_bos: true,
        ..PLAIN
    },
    Split {
        names: &["default"],
        steps: &[
            Step::Expression(r"[\p{P}\$\+<=>\^~\|]+"),
            Step::Expression(
                r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)",
            ),
            Step::Expression(r"\p{N}+"),
            Step::Expression("[0-9][0-9][0-9]"),
        ],
        ..PLAIN
    },
];

impl Split {
    /// The way of a name.
    pub(super) fn of(name: &str) -> Option<&'static Self> {
        SPLITS.iter().find(|split| split.names.contains(&name))
    }

    /// All names, for messages.
    pub(super) fn all_names() -> String {
        let names: Vec<&str> = SPLITS
            .iter()
            .flat_map(|split| split.names)
            .copied()
            .collect();
        names.join(", ")
    }

    /// The way that a `tokenizer.json` says, if it is a known one.
    pub(super) fn of_json(json: &Value) -> Option<&'static Self> {
        let mut parts = Vec::new();
        flatten(&json["pre_tokenizer"], "pretokenizers", &mut parts);
        let mut normalizers = Vec::new();
        flatten(&json["normalizer"], "normalizers", &mut normalizers);
        let composes = match &normalizers[..] {
            [] => false,
            [one] if one["type"] == "NFC" => true,
            _ => return None,
        };
        let model = &json["model"];
        // Where nothing is merged, the order of merges says nothing.
        let merges = model["merges"].as_array().is_some_and(|m| !m.is_empty());
        let ignore = model["ignore_merges"] == true;
        SPLITS.iter().find(|split| {
            split.composes == composes
                && (!merges || split.ignore_merges == ignore)
                && split.parts() == parts
        })
    }

    /// The components of `tokenizer.json` but for what only matters for offsets.
    fn parts(&self) -> Vec<Value> {
        let mut parts: Vec<Value> = self
            .steps
            .iter()
            .map(|step| match step {
                Step::Expression(expression) => json!({
                    "type": "Split",
                    "pattern": {"Regex": expression},
                    "behavior": "Isolated",
                    "invert": false,
                }),
                Step::Digits => json!({"type": "Digits", "individual_digits": true}),
            })
            .collect();
        parts.push(json!({
            "type": "ByteLevel",
            "add_prefix_space": false,
            "use_regex": self.gpt2,
        }));
        parts
    }

    /// The component `pre_tokenizer` of `tokenizer.json`.
    pub(super) fn pre_tokenizer(&self) -> Value {
        let mut parts = self.parts();
        for part in parts.iter_mut().filter(|part| part["type"] == "ByteLevel") {
            part["trim_offsets"] = true.into();
        }
        match parts.len() {
            1 => parts.swap_remove(0),
            _ => json!({"type": "Sequence", "pretokenizers": parts}),
        }
    }
}

/// The elements of a component, without what only matters for offsets.
fn flatten(component: &Value, list: &str, parts: &mut Vec<Value>) {
    match component {
        Value::Null => {}
        Value::Object(map) => match map.get(list).and_then(Value::as_array) {
            Some(inner) => inner.iter().for_each(|part| flatten(part, list, parts)),
            None => {
                let mut map = map.clone();
                map.remove("trim_offsets");
                parts.push(Value::Object(map));
            }
        },
        other => parts.push(other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_is_known_again_by_its_components() {
        for split in &SPLITS {
            let normalizer = match split.composes {
                true => json!({"type": "NFC"}),
                false => Value::Null,
            };
            let json = json!({
                "normalizer": normalizer,
                "pre_tokenizer": split.pre_tokenizer(),
                "model": {"ignore_merges": split.ignore_merges, "merges": [["a", "b"]]},
            });
            let found = Split::of_json(&json).unwrap();
            assert_eq!(found.names, split.names);
            assert_eq!(Split::of(split.names[0]).unwrap().names, split.names);
        }
        let other = json!({"pre_tokenizer": {"type": "Whitespace"}, "model": {}});
        assert!(Split::of_json(&other).is_none());
        assert!(Split::of("llama-bpe ").is_none());
    }
}
