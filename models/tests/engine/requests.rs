//! Requests of many kinds, some of which begin alike.

use rand::{Rng, RngExt, SeedableRng};
use rounds_environments::streams::Stream;
use rounds_models::Schema;
use rounds_models::local::engine::{Engine, Form, Generated, GenerationRequest, Ticket};
use rounds_models::local::text::{DrawKey, Sampling};
use serde_json::json;

/// `count` requests; the first tokens of many are those of others.
pub(crate) fn requests(count: u64) -> Vec<GenerationRequest> {
    let mut draw = Stream::seed_from_u64(17);
    let mut bytes = |n: usize| -> Vec<u32> { (0..n).map(|_| draw.next_u32() % 256).collect() };
    let beginnings = [bytes(40), bytes(33), bytes(5)];
    let ends: Vec<Vec<u32>> = (0..count)
        .map(|k| bytes(1 + (k as usize * 7) % 23))
        .collect();
    let schema = Schema::new(&json!({
        "type": "object",
        "properties": {"ok": {"type": "boolean"}, "n": {"enum": [1, 22, 333]}},
        "required": ["ok", "n"],
        "additionalProperties": false,
    }));
    (0..count)
        .zip(ends)
        .map(|(k, end)| {
            let mut prompt = beginnings[k as usize % 3].clone();
            prompt.extend(end);
            GenerationRequest {
                prompt,
                sampling: match k % 4 {
                    0 => Sampling::greedy(),
                    1 => Sampling::default(),
                    2 => Sampling {
                        temperature: 0.7,
                        top_k: 20,
                        top_p: 0.9,
                        ..Sampling::default()
                    },
                    _ => Sampling {
                        min_p: 0.05,
                        repetition_penalty: 1.2,
                        frequency_penalty: 0.1,
                        ..Sampling::default()
                    },
                },
                max_tokens: 1 + k % 14,
                stop: match k % 5 {
                    0 => vec!["e".to_owned()],
                    _ => Vec::new(),
                },
                form: match k % 7 {
                    3 => Form::JsonSchema(schema.clone()),
                    5 => Form::Regex("[a-c]{1,9}x".to_owned()),
                    _ => Form::Free,
                },
                draw: DrawKey {
                    seed: k / 3,
                    request: k,
                },
                logprobs: true,
            }
        })
        .collect()
}

/// Replies to `asked`, request by request; each enters before the step of its number.
pub(crate) fn replies(engine: &mut Engine, asked: &[(u32, &GenerationRequest)]) -> Vec<Generated> {
    let mut tickets: Vec<Option<Ticket>> = vec![None; asked.len()];
    let mut ended: Vec<Option<Generated>> = vec![None; asked.len()];
    let mut step = 0;
    while ended.iter().any(Option::is_none) {
        for (place, (at, request)) in asked.iter().enumerate() {
            if *at == step {
                tickets[place] = Some(engine.begin(request).unwrap());
            }
        }
        for (ticket, news) in engine.step() {
            let place = tickets.iter().position(|t| *t == Some(ticket)).unwrap();
            if let Some(reply) = news.ended {
                ended[place] = Some(reply.unwrap());
            }
        }
        step += 1;
        assert!(step < 100_000, "the engine does not come to an end");
    }
    assert!(engine.is_empty());
    ended.into_iter().flatten().collect()
}

/// A number below `below`.
pub(crate) fn below(draw: &mut Stream, below: usize) -> usize {
    draw.random_range(0..below)
}
