//! An environment of one's own that describes itself, played by a language model.
//!
//! `cargo run --release --example spoken` asks a scripted stand-in, without any network;
//! `cargo run --release --example spoken -- http://127.0.0.1:8080/v1#loopback` asks a server.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

mod guessing;

use std::sync::Arc;

use guessing::Numbers;
use rounds::models::Rule;
use rounds::models::openai::{Key, OpenAiModel, OpenAiOptions, Prices};
use rounds::prelude::*;

/// The rules of a stand-in that guesses the middle of what is left between `low` and `high`.
fn halve(low: u32, high: u32, rules: &mut Vec<Rule>) {
    let guess = (low + high) / 2;
    for (said, low, high) in [
        ("too low", guess + 1, high),
        ("too high", low, guess.saturating_sub(1)),
    ] {
        if low <= high {
            rules.push(Rule {
                contains: Some(format!("Now: {guess} is {said}")),
                reply: Some(json!({"action": (low + high) / 2}).to_string()),
                ..Rule::default()
            });
            halve(low, high, rules);
        }
    }
}

fn stand_in() -> Result<ModelServer, Box<dyn std::error::Error>> {
    let mut rules = ScriptedRules {
        default: Some(r#"{"rationale": "the middle", "action": 50}"#.to_owned()),
        ..ScriptedRules::default()
    };
    halve(1, 100, &mut rules.rules);
    let model = ScriptedModel::new(rules)?;
    Ok(ModelServer::start(
        Arc::new(model),
        ServerOptions::default(),
    ))
}

fn behind(url: &str, name: &str) -> Result<ModelServer, Box<dyn std::error::Error>> {
    let options = OpenAiOptions {
        base_url: Some(url.to_owned()),
        key: Key::None,
        ..OpenAiOptions::new(name)
    };
    let sizes = options.server();
    let model = OpenAiModel::new(options, &Prices::built_in()?)?;
    Ok(ModelServer::start(Arc::new(model), sizes))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = match std::env::args().nth(1) {
        Some(place) => {
            let (url, name) = place.split_once('#').ok_or("expected URL#NAME")?;
            behind(url, name)?
        }
        None => stand_in()?,
    };
    let game = Stepped {
        max_steps: 20,
        ..Stepped::named("guessing")
    };
    let arms = [
        game.arm("random", Numbers, RandomChoice::new((1..=100).collect())?),
        game.arm_spoken("language", Numbers, server, LanguageOptions::default())?,
    ];
    let summary = run_arms("runs/spoken", &arms, 2)?;
    println!("{}", text_table(&summary, &[]));
    Ok(())
}
