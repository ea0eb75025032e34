//! `rounds generate`.

use serde_json::Value;

use crate::{Place, golden_model};

#[test]
fn the_device_and_its_type_are_chosen_by_name() {
    let place = Place::new();
    golden_model(&place, "model");
    let base = [
        "generate", "--model", "model", "--prompt", "Hello", "--raw", "--json",
    ];
    let first = |more: &[&str]| -> Value {
        let said = place.works(&[&base[..], &["--max-tokens", "1"], more].concat());
        serde_json::from_str(&said).unwrap()
    };
    let logprob = |reply: &Value| reply["tokens"][0]["logprob"].as_f64().unwrap();
    let exact = first(&[]);
    assert_eq!(first(&["--device", "cpu", "--dtype", "f32"]), exact);
    for dtype in ["bf16", "f16"] {
        // Other bits, and nearly the same probability.
        let reply = first(&["--dtype", dtype]);
        let off = (logprob(&reply) - logprob(&exact)).abs();
        assert!(off > 0.0 && off < 0.2, "{dtype}: {off}");
    }
    let mut refused = vec![
        (["--device", "gpu"], "`cuda:N`"),
        (["--dtype", "int8"], "`bf16`"),
    ];
    if !cfg!(feature = "cuda") {
        refused.push((["--device", "cuda:1"], "rounds-cuda"));
    }
    for (arguments, told) in refused {
        let said = place.fails(2, &[&base[..], &arguments].concat());
        assert!(said.contains(told), "{arguments:?}: {said}");
    }
}

#[test]
fn a_folder_is_asked_in_every_way() {
    let place = Place::new();
    golden_model(&place, "model");
    let ask = |more: &[&str]| {
        let mut arguments = vec!["generate", "--model", "model", "--quiet"];
        arguments.extend(more);
        place.works(&arguments)
    };
    let once = ask(&["--prompt", "Hello", "--max-tokens", "8"]);
    assert_eq!(ask(&["--prompt", "Hello", "--max-tokens", "8"]), once);
    let raw = ask(&["--prompt", "Hello", "--max-tokens", "8", "--raw", "--json"]);
    let raw: Value = serde_json::from_str(&raw).unwrap();
    assert_eq!(
        (&raw["completion_tokens"], &raw["reason"]),
        (&8.into(), &"length".into())
    );
    let tokens = raw["tokens"].as_array().unwrap();
    assert!(tokens.len() == 8 && tokens.iter().all(|t| t["logprob"].as_f64().unwrap() <= 0.0));

    place.write("form.json", r#"{"type":"object","properties":{"a":{"type":"boolean"}},"required":["a"],"additionalProperties":false}"#);
    let formed = ask(&[
        "--prompt",
        "x",
        "--schema",
        "form.json",
        "--temperature",
        "1",
    ]);
    let formed: Value = serde_json::from_str(formed.trim()).unwrap();
    assert!(formed["a"].is_boolean());
    let matched = ask(&["--prompt", "x", "--regex", "(ab){2,3}", "--seed", "4"]);
    assert!(
        matched.trim() == "abab" || matched.trim() == "ababab",
        "{matched}"
    );

    let several = ask(&[
        "--prompt",
        "x",
        "--replies",
        "3",
        "--temperature",
        "1",
        "--json",
    ]);
    let texts: Vec<Value> = several
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(texts.len(), 3);
    assert_ne!(texts[0]["text"], texts[1]["text"]);
}

#[test]
fn what_cannot_be_asked_is_told_before_anything_is_generated() {
    let place = Place::new();
    golden_model(&place, "model");
    let told = |more: &[&str], code: i32| {
        let mut arguments = vec!["generate", "--model", "model", "--prompt", "x"];
        arguments.extend(more);
        place.fails(code, &arguments)
    };
    place.write("bad.json", r#"{"type":"array","uniqueItems":true}"#);
    assert!(told(&["--schema", "bad.json"], 2).contains("uniqueItems"));
    place.write("none.json", "{");
    assert!(told(&["--schema", "none.json"], 2).contains("not JSON"));
    assert!(
        told(&["--regex", "a{"], 2).contains("regex") || told(&["--regex", "("], 2).contains("(")
    );
    assert!(told(&["--top-p", "2"], 2).contains("top_p"));
    let long = "word ".repeat(500);
    assert!(told(&["--prompt", &long], 2).contains("cannot be used multiple times"));
    let told_long = place.fails(2, &["generate", "--model", "model", "--prompt", &long]);
    assert!(told_long.contains("of a context of"), "{told_long}");
    place.write(
        "form.json",
        r#"{"type":"string","minLength":50,"maxLength":60}"#,
    );
    let cut = told(&["--schema", "form.json", "--max-tokens", "5"], 1);
    assert!(cut.contains("cut off after 5 tokens"), "{cut}");
    let nowhere = place.fails(2, &["generate", "--model", "nowhere", "--prompt", "x"]);
    assert!(nowhere.contains("expected a folder"), "{nowhere}");
    std::fs::remove_file(place.path("model/tokenizer_config.json")).unwrap();
    let untold = told(&[], 2);
    assert!(
        untold.contains("--raw") && untold.contains("--template"),
        "{untold}"
    );
    place.works(&[
        "generate",
        "--model",
        "model",
        "--prompt",
        "x",
        "--template",
        "chatml",
        "--max-tokens",
        "3",
    ]);
}
