//! Replies of an untrained model under random schemas: all that end are JSON of their schema.
#![cfg(feature = "local")]
#![expect(clippy::print_stdout, reason = "the tests say what they measured")]

use std::path::Path;

use rand::{RngExt, SeedableRng};
use rounds_environments::streams::Stream;
use rounds_models::Schema;
use rounds_models::local::text::{
    BpeTraining, Detokenizer, DrawKey, Grammar, Sampler, Sampling, Seen, Step, TokenSpan, Tokenizer,
};
use serde_json::{Map, Value, json};

const LIMIT: u64 = 512;

/// A random schema of the keywords that simulations use.
fn random_schema(rng: &mut Stream, depth: u32) -> Value {
    let kinds = if depth == 0 { 7 } else { 10 };
    match rng.random_range(0..kinds) {
        0 => json!({"type": "boolean"}),
        1 => json!({"type": "null"}),
        2 => {
            let least = rng.random_range(-50..50);
            json!({"type": "integer", "minimum": least, "maximum": least + rng.random_range(0..200)})
        }
        3 => json!({"type": if rng.random() { "integer" } else { "number" }}),
        4 => {
            let least = f64::from(rng.random_range(-40..40)) / 4.0;
            json!({"type": "number", "minimum": least, "maximum": least + rng.random_range(1..40) as f64 / 8.0})
        }
        5 => {
            let least = rng.random_range(0..4);
            json!({"type": "string", "minLength": least, "maxLength": least + rng.random_range(0..12)})
        }
        6 => {
            let choices = ["low", "high", "naïve", "a\"b", "", "no one", "12"];
            let values: Vec<Value> = (0..rng.random_range(1..5))
                .map(|_| match rng.random_range(0..8) {
                    7 => json!(rng.random_range(-9..99)),
                    choice => json!(choices[choice]),
                })
                .collect();
            json!({"enum": values})
        }
        7 => {
            let least = rng.random_range(0..3);
            json!({"type": "array", "items": random_schema(rng, depth - 1),
                "minItems": least, "maxItems": least + rng.random_range(0..3)})
        }
        8 => {
            let options: Vec<Value> = (0..rng.random_range(1..4))
                .map(|_| random_schema(rng, depth - 1))
                .collect();
            json!({"anyOf": options})
        }
        _ => {
            let names = [
                "vote", "reason", "n", "été", "a b", "x\"y", "agent_3", "weights",
            ];
            let mut properties = Map::new();
            let mut required = Vec::new();
            for _ in 0..rng.random_range(0..5) {
                let name = names[rng.random_range(0..names.len())];
                properties.insert(name.to_owned(), random_schema(rng, depth - 1));
                if rng.random_range(0..3) > 0 && !required.contains(&name) {
                    required.push(name);
                }
            }
            json!({"type": "object", "properties": properties, "required": required,
                "additionalProperties": false})
        }
    }
}

/// Whether `value` satisfies `schema`, for the keywords that [`random_schema`] writes.
fn satisfies(value: &Value, schema: &Value) -> bool {
    if let Some(values) = schema["enum"].as_array() {
        return values.contains(value);
    }
    if let Some(options) = schema["anyOf"].as_array() {
        return options.iter().any(|option| satisfies(value, option));
    }
    let within = |n: f64, least: &str, most: &str| {
        schema[least].as_f64().is_none_or(|least| n >= least)
            && schema[most].as_f64().is_none_or(|most| n <= most)
    };
    match schema["type"].as_str() {
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some("integer") => {
            let whole = value.as_f64().filter(|n| n.fract() == 0.0);
            whole.is_some_and(|n| within(n, "minimum", "maximum"))
        }
        Some("number") => value
            .as_f64()
            .is_some_and(|n| within(n, "minimum", "maximum")),
        Some("string") => value
            .as_str()
            .is_some_and(|text| within(text.chars().count() as f64, "minLength", "maxLength")),
        Some("array") => value.as_array().is_some_and(|items| {
            within(items.len() as f64, "minItems", "maxItems")
                && items.iter().all(|item| satisfies(item, &schema["items"]))
        }),
        Some("object") => value.as_object().is_some_and(|object| {
            let required = schema["required"].as_array().expect("a list");
            required
                .iter()
                .all(|name| object.contains_key(name.as_str().expect("a name")))
                && object.iter().all(|(name, value)| {
                    schema["properties"]
                        .get(name)
                        .is_some_and(|part| satisfies(value, part))
                })
        }),
        _ => unreachable!("a schema of the test"),
    }
}

/// A reply and whether it ended within the limit.
#[derive(Debug, PartialEq)]
struct Reply {
    ids: Vec<u32>,
    text: String,
    ended: bool,
}

/// The reply of a model that gives each token a random logit.
fn reply(
    tokenizer: &Tokenizer,
    grammar: &Grammar,
    schema: &Schema,
    request: u64,
    forced: bool,
) -> Reply {
    let mut state = grammar.json_schema(schema).expect("a schema that is kept");
    let mut sampler = Sampler::default();
    let mut detokenizer = Detokenizer::new(tokenizer.table().clone());
    let mut logits = vec![0.0_f32; tokenizer.vocab_size()];
    let eos = tokenizer.eos_ids();
    let mut reply = Reply {
        ids: Vec::new(),
        text: String::new(),
        ended: false,
    };
    while (reply.ids.len() as u64) < LIMIT {
        if state.is_stopped() {
            reply.ended = true;
            break;
        }
        let known = match forced {
            true => state.forced_token().expect("a mask"),
            false => None,
        };
        let token = match known {
            Some(token) => token,
            None => {
                let index = reply.ids.len() as u64;
                let mut rng = Stream::seed_from_u64(request);
                rng.set_stream(index);
                logits.fill_with(|| rng.random_range(-2.0..2.0));
                let step = Step {
                    logits: &logits,
                    sampling: &Sampling::default(),
                    seen: &Seen::default(),
                    allowed: Some(state.mask().expect("a mask")),
                    key: DrawKey { seed: 5, request },
                    index,
                };
                sampler.sample(&step).expect("a token").token
            }
        };
        state.accept(token).expect("an allowed token");
        reply.ids.push(token);
        if eos.contains(&token) {
            reply.ended = true;
            break;
        }
        reply.text.push_str(detokenizer.push(token));
    }
    reply.text.push_str(detokenizer.finish());
    assert!(!reply.ended || state.is_accepting());
    reply
}

/// One token for each byte, and an end.
fn bytes() -> Tokenizer {
    let bytes = BpeTraining {
        vocab_size: 260,
        ..BpeTraining::default()
    };
    bytes.train(["a"]).expect("a tokenizer")
}

/// Pairs of the text of replies, so that tokens cross the parts of JSON.
fn small_bpe() -> Tokenizer {
    of_json_text(TokenSpan::Word)
}

fn of_json_text(span: TokenSpan) -> Tokenizer {
    let text = r#"{"vote":"low","reason":"no one","n":12,"agent_3":[1,2,3],"weights":[0.5,1.25,"high"],"été":true,"a b":null}"#;
    let bpe = BpeTraining {
        vocab_size: 400,
        span,
        ..BpeTraining::default()
    };
    bpe.train((0..20).map(|i| format!("{text} {i} naïve")))
        .expect("a tokenizer")
}

fn all_valid(tokenizer: &Tokenizer, name: &str, from: u64) {
    let grammar = Grammar::new(tokenizer, &tokenizer.eos_ids()).expect("grammars");
    let (mut ended, mut valid) = (0, 0);
    let count = 500;
    for request in from..from + count {
        let mut rng = Stream::seed_from_u64(request);
        let value = random_schema(&mut rng, 3);
        let schema = Schema::new(&value);
        let free = reply(tokenizer, &grammar, &schema, request, false);
        let forced = reply(tokenizer, &grammar, &schema, request, true);
        assert_eq!(free, forced, "schema {request}: {value}");
        if !free.ended {
            continue;
        }
        ended += 1;
        let parsed = serde_json::from_str(&free.text);
        let parsed: Value =
            parsed.unwrap_or_else(|error| panic!("{value}: {:?}: {error}", free.text));
        assert!(satisfies(&parsed, &value), "{value}: {:?}", free.text);
        // Nothing between the parts: outside of strings there is no white space.
        assert_eq!(free.text.trim(), free.text);
        valid += 1;
    }
    println!("{name}: {valid} of {ended} replies that ended are valid, of {count} schemas");
    assert_eq!(valid, ended);
    assert!(
        ended * 100 >= count * 95,
        "{name}: only {ended} of {count} ended"
    );
}

#[test]
fn every_reply_that_ends_satisfies_its_schema_over_bytes() {
    all_valid(&bytes(), "bytes", 0);
}

#[test]
fn every_reply_that_ends_satisfies_its_schema_over_pairs() {
    all_valid(&small_bpe(), "small BPE", 500);
}

#[test]
fn every_reply_that_ends_satisfies_its_schema_over_phrases() {
    all_valid(&of_json_text(TokenSpan::Phrase), "phrases", 1000);
}

#[test]
fn a_token_may_reach_beyond_what_the_schema_forces() {
    let tokenizer = of_json_text(TokenSpan::Phrase);
    let grammar = Grammar::new(&tokenizer, &tokenizer.eos_ids()).expect("grammars");
    let text = r#"{"vote":"low","reason":"no one"}"#;
    let schema = Schema::new(&json!({
        "type": "object",
        "properties": {"vote": {"type": "string"}, "reason": {"type": "string"}},
        "required": ["vote", "reason"],
        "additionalProperties": false,
    }));
    let mut state = grammar.json_schema(&schema).expect("a state");
    let ids = tokenizer.encode(text, false).expect("tokens");
    let pieces = ids
        .iter()
        .map(|id| tokenizer.decode(&[*id], false).expect("text"));
    let pieces: Vec<String> = pieces.collect();
    let expected = ["{\"vote\":\"", "low", "\",\"reason\":\"", "no one"];
    assert_eq!(pieces[..4], expected);
    for (id, piece) in ids.iter().zip(&pieces) {
        assert!(state.mask().expect("a mask").allows(*id), "{piece}");
        state.accept(*id).expect("a token");
    }
    assert!(state.is_accepting());
}

#[test]
fn golden_tokenizers_keep_schemas_too() {
    let folder = match std::env::var_os("ROUNDS_GOLDEN") {
        Some(root) => Path::new(&root).join("local-llm"),
        None => Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tests/golden/local-llm"
        ))
        .to_owned(),
    };
    let config = folder.join("tokenizer_config.json");
    let mut read = 0;
    for name in ["tokenizer_bytes.json", "tokenizer_bpe.json"] {
        let path = folder.join(name);
        if std::env::var_os("ROUNDS_GOLDEN").is_some() && !(path.exists() && config.exists()) {
            println!("skipped: {} is missing", path.display());
            continue;
        }
        let file = std::fs::read(&path).expect("the tokenizer can be read");
        let config = std::fs::read_to_string(&config).expect("its configuration can be read");
        let config = serde_json::from_str(&config).expect("JSON");
        let tokenizer = Tokenizer::from_json(name, &file, config, &Value::Null).unwrap();
        let grammar = Grammar::new(&tokenizer, &tokenizer.eos_ids()).unwrap();
        let value = json!({"type": "object", "additionalProperties": false,
            "properties": {"a": {"type": "integer", "minimum": 0, "maximum": 99}}, "required": ["a"]});
        for request in 0..20 {
            let reply = reply(&tokenizer, &grammar, &Schema::new(&value), request, true);
            let parsed: Value = serde_json::from_str(&reply.text).unwrap();
            assert!(
                reply.ended && satisfies(&parsed, &value),
                "{:?}",
                reply.text
            );
        }
        read += 1;
    }
    println!("{read} tokenizers read");
}

fn grammar() -> (Tokenizer, Grammar) {
    let tokenizer = small_bpe();
    let grammar = Grammar::new(&tokenizer, &tokenizer.eos_ids()).expect("grammars");
    (tokenizer, grammar)
}

#[test]
fn expressions_and_lark_grammars_allow_the_end_where_the_reply_is_whole() {
    let (tokenizer, grammar) = grammar();
    let eos = tokenizer.eos_ids()[0];
    let lark = "start: (\"yes\" | \"no\") \"!\"*";
    for mut state in [
        grammar.regex("(yes|no)!*").unwrap(),
        grammar.lark(lark).unwrap(),
    ] {
        for token in tokenizer.encode("no", false).unwrap() {
            assert!(!state.is_accepting() && !state.mask().unwrap().allows(eos));
            state.accept(token).unwrap();
        }
        assert!(state.is_accepting() && !state.is_stopped());
        assert!(state.mask().unwrap().allows(eos));
        let x = tokenizer.encode("x", false).unwrap()[0];
        assert!(
            state
                .accept(x)
                .unwrap_err()
                .to_string()
                .contains("does not fit")
        );
        state
            .accept(tokenizer.encode("!", false).unwrap()[0])
            .unwrap();
        state.accept(eos).unwrap();
        assert!(state.is_stopped() && state.is_accepting());
        assert!(state.accept(eos).is_err());
        assert_eq!(state.mask().unwrap().count(), 1);
    }
}

#[test]
fn a_text_with_the_name_of_a_special_token_stays_text() {
    let (tokenizer, grammar) = grammar();
    let value = json!({"const": "<|im_end|> 温"});
    let text = reply(&tokenizer, &grammar, &Schema::new(&value), 1, true).text;
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap(),
        value["const"]
    );
}

#[test]
fn what_cannot_be_kept_is_refused_before_the_first_token() {
    let (tokenizer, grammar) = grammar();
    let refused = |value: Value| {
        grammar
            .json_schema(&Schema::new(&value))
            .unwrap_err()
            .to_string()
    };
    let error = refused(json!({"properties": {"a": {"uniqueItems": true}}}));
    assert_eq!(
        error,
        "schema keyword \"uniqueItems\" at #/properties/a is not supported"
    );
    let error = refused(json!({"type": "integer", "minimum": 3, "maximum": 2}));
    assert!(error.starts_with("schema cannot be used"), "{error}");
    assert!(refused(json!(false)).contains("no value satisfies"));
    assert!(refused(json!({"$ref": "#/$defs/none"})).starts_with("schema cannot"));
    let error = grammar.regex("(a").unwrap_err().to_string();
    assert!(
        error.starts_with("regular expression cannot be used"),
        "{error}"
    );
    let error = grammar.lark("begin: \"a\"").unwrap_err().to_string();
    assert!(error.starts_with("Lark grammar cannot be used"), "{error}");
    assert!(Grammar::new(&tokenizer, &[]).is_err());
    assert!(Grammar::new(&tokenizer, &[9999]).is_err());
}

#[test]
fn a_schema_of_anything_and_references_work() {
    let (tokenizer, grammar) = grammar();
    assert!(grammar.json_schema(&Schema::new(&json!(true))).is_ok());
    let tree = json!({"$ref": "#/$defs/t", "$defs": {"t": {"type": "object",
        "properties": {"kids": {"type": "array", "items": {"$ref": "#/$defs/t"}, "maxItems": 1}},
        "required": ["kids"], "additionalProperties": false}}});
    for request in 0..10 {
        let reply = reply(&tokenizer, &grammar, &Schema::new(&tree), request, true);
        assert!(
            reply.ended && reply.text.starts_with("{\"kids\":["),
            "{}",
            reply.text
        );
    }
}
