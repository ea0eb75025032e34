//! Golden vectors of tokenizers and chat templates, computed with Hugging Face transformers.
#![cfg(feature = "local")]
#![expect(
    clippy::print_stdout,
    reason = "the tests say how many cases they read"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rounds_models::local::cpu::GgufTokenizer;
use rounds_models::local::text::{
    Chat, ChatTemplate, Detokenizer, RenderRequest, SpecialToken, SpecialTokens, TemplateSource,
    Tokenizer,
};
use serde_json::Value;

/// A file of the vectors; `None` when an outside folder lacks it.
fn golden(file: &str) -> Option<PathBuf> {
    match std::env::var_os("ROUNDS_GOLDEN") {
        Some(root) => {
            let path = PathBuf::from(root).join("local-llm").join(file);
            if !path.exists() {
                println!("skipped: {} is missing", path.display());
                return None;
            }
            Some(path)
        }
        None => Some(
            Path::new(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../tests/golden/local-llm"
            ))
            .join(file),
        ),
    }
}

fn vectors(file: &str) -> Option<Value> {
    let text = std::fs::read_to_string(golden(file)?).expect("vectors can be read");
    Some(serde_json::from_str(&text).expect("vectors are JSON"))
}

fn tokenizer(file: &str) -> Option<Tokenizer> {
    let bytes = std::fs::read(golden(file)?).expect("the tokenizer can be read");
    let config = vectors("tokenizer_config.json")?;
    Some(Tokenizer::from_json(file, &bytes, config, &Value::Null).expect("a tokenizer"))
}

fn text_of(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn ids(value: &Value) -> Vec<u32> {
    let list = value.as_array().expect("a list of ids");
    list.iter()
        .map(|id| id.as_u64().expect("an id") as u32)
        .collect()
}

#[test]
fn golden_tokenizer_cases() {
    let Some(cases) = vectors("tokenizer_cases.json") else {
        return;
    };
    let cases = cases.as_array().expect("a list of cases");
    for case in cases {
        let Some(tokenizer) = tokenizer(case["tokenizer"].as_str().unwrap()) else {
            return;
        };
        let text = case["text"].as_str().unwrap();
        let plain = ids(&case["ids"]);
        let special = ids(&case["ids_with_special"]);
        assert_eq!(tokenizer.encode(text, false).unwrap(), plain, "{text:?}");
        assert_eq!(tokenizer.encode(text, true).unwrap(), special, "{text:?}");
        assert_eq!(tokenizer.encode_with_spans(text).unwrap().ids, plain);
        for (key, skip) in [
            ("decoded_keep_special", false),
            ("decoded_skip_special", true),
        ] {
            let decoded = tokenizer.decode(&plain, skip).unwrap();
            assert_eq!(decoded, case[key].as_str().unwrap(), "{text:?}");
        }
        let mut detokenizer = Detokenizer::new(tokenizer.table().clone());
        let mut streamed: String = plain
            .iter()
            .map(|id| detokenizer.push(*id).to_owned())
            .collect();
        streamed.push_str(detokenizer.finish());
        assert_eq!(streamed, case["decoded_skip_special"].as_str().unwrap());
    }
    println!("tokenizer_cases.json: {} cases read", cases.len());
    assert!(!cases.is_empty());
}

#[test]
fn golden_tokenizers_survive_the_keys_of_a_gguf_file() {
    let Some(cases) = vectors("tokenizer_cases.json") else {
        return;
    };
    let cases = cases.as_array().expect("a list of cases");
    for case in cases {
        let Some(tokenizer) = tokenizer(case["tokenizer"].as_str().unwrap()) else {
            return;
        };
        let rows = tokenizer.vocab_size() + 3;
        let data = tokenizer.to_gguf(rows, None).unwrap();
        assert_eq!(data.tokens.len(), rows);
        assert_eq!(
            (data.model.as_deref(), data.pre.as_deref()),
            (Some("gpt2"), Some("gpt-2"))
        );
        let whole = Tokenizer::from_gguf("whole", &data).unwrap();
        assert_eq!(whole.hash(), tokenizer.hash());
        let keys = GgufTokenizer {
            huggingface: None,
            ..data
        };
        let keys = Tokenizer::from_gguf("keys", &keys).unwrap();
        let text = case["text"].as_str().unwrap();
        for read in [whole, keys] {
            assert_eq!(read.encode(text, false).unwrap(), ids(&case["ids"]));
            assert_eq!(
                read.encode(text, true).unwrap(),
                ids(&case["ids_with_special"])
            );
            assert_eq!(read.special(), tokenizer.special());
            assert_eq!(read.vocab_size(), tokenizer.vocab_size());
            assert_eq!(
                read.config()["chat_template"],
                tokenizer.config()["chat_template"]
            );
        }
    }
    println!("tokenizer_cases.json: {} cases read", cases.len());
    assert!(!cases.is_empty());
}

#[test]
fn golden_tokenizers_name_their_special_tokens_and_check_the_vocabulary() {
    let (Some(bytes), Some(bpe)) = (
        tokenizer("tokenizer_bytes.json"),
        tokenizer("tokenizer_bpe.json"),
    ) else {
        return;
    };
    assert_eq!(bytes.vocab_size(), 260);
    assert_eq!(bytes.eos_ids(), [257]);
    assert_eq!(bytes.special().bos.as_ref().unwrap().id, 256);
    assert_eq!(bytes.special().pad.as_ref().unwrap().text, "<|pad|>");
    for byte in 0..=255_u32 {
        assert_eq!(bytes.token_bytes(byte), Some(&[byte as u8][..]));
    }
    let mask = bytes.check_vocabulary(320).unwrap();
    assert_eq!((mask.count(), mask.len()), (260, 320));
    assert!(mask.allows(259) && !mask.allows(260));
    let error = bytes.check_vocabulary(258).unwrap_err().to_string();
    assert!(
        error.contains("\"<|pad|>\" with id 258 (2 tokens"),
        "{error}"
    );
    for id in 3..bpe.vocab_size() as u32 {
        let decoded = bpe.decode(&[id], false).unwrap();
        let stands_for = String::from_utf8_lossy(bpe.token_bytes(id).unwrap());
        assert_eq!(decoded, stands_for, "{id}");
    }
    assert!(bpe.decode(&[99_999], true).is_err());
    println!("2 tokenizers read");
}

struct Templates {
    vectors: Value,
    special: SpecialTokens,
}

impl Templates {
    fn read() -> Option<Self> {
        let vectors = vectors("chat_templates.json")?;
        let token = |key: &str, id| SpecialToken {
            text: vectors[key].as_str().expect("a token").to_owned(),
            id,
        };
        let special = SpecialTokens {
            bos: Some(token("bos_token", 256)),
            eos: vec![token("eos_token", 257)],
            ..SpecialTokens::default()
        };
        Some(Self { vectors, special })
    }

    fn template(&self, name: &str) -> ChatTemplate {
        let text = self.vectors["templates"][name]
            .as_str()
            .expect("a template");
        ChatTemplate::new(&TemplateSource::of_text(text), &self.special).expect("a template")
    }

    fn cases(&self) -> impl Iterator<Item = (&str, RenderRequest<'_, Value>, &Value)> {
        let cases = self.vectors["cases"].as_array().expect("a list of cases");
        cases.iter().map(|case| {
            let messages = &self.vectors["messages"][text_of(&case["messages_name"])];
            let mut request = RenderRequest::whole(messages.as_array().expect("messages"));
            request.add_generation_prompt = case["add_generation_prompt"] == true;
            request.tools = Some(&case["tools"]).filter(|tools| !tools.is_null());
            request.extra = case["extra"].as_object();
            (text_of(&case["template"]), request, case)
        })
    }
}

#[test]
fn golden_chat_templates() {
    let Some(templates) = Templates::read() else {
        return;
    };
    let mut count = 0;
    for (name, request, case) in templates.cases() {
        let rendered = templates.template(name).render(&request);
        match case["error"].as_str() {
            Some(message) => {
                let error = rendered.unwrap_err().to_string();
                assert!(error.contains(message), "{name}: {error}");
            }
            None => {
                let what = format!("{name}, {}", case["messages_name"]);
                assert_eq!(
                    rendered.unwrap(),
                    case["rendered"].as_str().unwrap(),
                    "{what}"
                );
            }
        }
        count += 1;
    }
    println!("chat_templates.json: {count} cases read");
    assert!(count > 0);
}

/// What the assistant says in each golden conversation, as each template writes it.
fn said(template: &str, messages: &str) -> Vec<&'static str> {
    match (template, messages) {
        (_, "two_users") => vec![],
        ("tagged", "tool_calls") => vec![
            "Since when?<|end|>",
            "<think>maybe PE</think>\n\nOrder a D-dimer.<|end|>",
        ],
        ("tagged", _) => vec!["Since when?<|end|>"],
        ("headers", "tool_calls") => vec![
            "Since when?<|eot|>",
            "<think>maybe PE</think>\n\nOrder a D-dimer.<|eot|>",
        ],
        ("headers", _) => vec!["Since when?<|eot|>"],
        ("brackets_strict", _) => vec!["Since when?<|eos|>"],
        ("tools_namespace", "tool_calls") => vec!["Since when?", "Order a D-dimer."],
        ("tools_namespace", _) => vec!["Since when?"],
        _ => unreachable!("a template of the vectors"),
    }
}

#[test]
fn golden_chat_templates_tell_the_assistants_part() {
    let Some(templates) = Templates::read() else {
        return;
    };
    let mut count = 0;
    for (name, request, case) in templates.cases() {
        // One template writes single properties of messages: nobody speaks there.
        if case["error"].is_string() || name == "python_methods" {
            continue;
        }
        let rendered = templates
            .template(name)
            .render_with_spans(&request)
            .unwrap();
        assert_eq!(rendered.text, case["rendered"].as_str().unwrap());
        let parts: Vec<&str> = rendered
            .assistant
            .iter()
            .map(|span| &rendered.text[span.clone()])
            .collect();
        let want = said(name, case["messages_name"].as_str().unwrap());
        let close = parts.len() == want.len()
            && parts.iter().zip(&want).all(|(part, want)| {
                // Calls of tools are the assistant's too.
                part == want || part.starts_with(want) && part[want.len()..].starts_with("\n<call>")
            });
        assert!(close, "{name}: {parts:?}, expected {want:?}");
        count += 1;
    }
    println!("chat_templates.json: parts of {count} cases told");
    assert!(count > 0);
}

#[test]
fn golden_tokenizer_and_its_template_make_training_examples() {
    let Some(tokenizer) = tokenizer("tokenizer_bytes.json") else {
        return;
    };
    let source = TemplateSource::of_config(tokenizer.config()).unwrap();
    let template = ChatTemplate::new(&source, tokenizer.special()).unwrap();
    let chat = Chat::new(Arc::new(tokenizer), template);
    assert_eq!(chat.stop_strings(), ["<|end|>"]);
    let Some(templates) = Templates::read() else {
        return;
    };
    let messages = templates.vectors["messages"]["with_system"]
        .as_array()
        .unwrap();
    let example = chat
        .encode_for_training(&RenderRequest::whole(messages))
        .unwrap();
    let learned: Vec<u32> = example
        .ids
        .iter()
        .zip(&example.in_loss)
        .filter_map(|(id, learned)| learned.then_some(*id))
        .collect();
    let text = chat.tokenizer().decode(&learned, false).unwrap();
    assert_eq!(text, "Since when?<|end|>");
    println!("1 conversation read");
}
