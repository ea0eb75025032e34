//! Any company, any order, any cache: the same bits.

use rand::SeedableRng;
use rounds_environments::streams::Stream;
use rounds_models::local::engine::{Generated, GenerationRequest};
use rounds_models::local::model::LocalOptions;

use crate::place::{engine, folder};
use crate::requests::{below, replies, requests};

/// Compositions that are tried; `ROUNDS_COMPOSITIONS` asks for more.
fn compositions() -> usize {
    let asked = std::env::var("ROUNDS_COMPOSITIONS").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(1000)
}

pub(crate) fn same_bits(a: &Generated, b: &Generated) -> bool {
    let bits = |reply: &Generated| -> Vec<u64> {
        let logprobs = reply.logprobs.iter();
        logprobs.map(|token| token.logprob.to_bits()).collect()
    };
    a == b && bits(a) == bits(b)
}

#[test]
fn a_reply_has_the_same_bits_alone_and_in_any_composition() {
    let models = ["llama", "qwen3", "mistral_window", "gemma2"];
    let each = compositions().div_ceil(models.len());
    let all = requests(60);
    let mut draw = Stream::seed_from_u64(3);
    let (mut compared, mut words) = (0, 0);
    for model in models {
        let place = folder(model);
        let alone: Vec<Generated> = all
            .iter()
            .map(|request| {
                let mut own = engine(&place, &LocalOptions::default());
                replies(&mut own, &[(0, request)]).remove(0)
            })
            .collect();
        words += alone.iter().filter(|reply| reply.text.len() > 3).count();
        let mut warm = None;
        for composition in 0..each {
            let options = LocalOptions {
                threads: Some(1 + below(&mut draw, 2)),
                block_tokens: [1, 4, 16, 32][below(&mut draw, 4)],
                sequences: 1 + below(&mut draw, 12),
                step_tokens: 1 + below(&mut draw, 100),
                cache_tokens: Some(1 + below(&mut draw, 600)),
                prefix_sharing: below(&mut draw, 4) > 0,
                ..LocalOptions::default()
            };
            // Three in four go on with the cache that others have left.
            if composition % 4 == 0 || warm.is_none() {
                warm = Some(engine(&place, &options));
            }
            let asked: Vec<(u32, usize)> = (0..=below(&mut draw, 9))
                .map(|_| (below(&mut draw, 12) as u32, below(&mut draw, all.len())))
                .collect();
            let company: Vec<(u32, &GenerationRequest)> =
                asked.iter().map(|&(at, k)| (at, &all[k])).collect();
            let got = replies(warm.as_mut().unwrap(), &company);
            for ((at, k), reply) in asked.iter().zip(&got) {
                assert!(
                    same_bits(reply, &alone[*k]),
                    "{model}, composition {composition}, request {k} at step {at}: {options:?}\n\
                     alone {:?}\n  got {reply:?}",
                    alone[*k]
                );
                compared += 1;
            }
        }
    }
    println!("{compared} replies of {} compositions", each * models.len());
    assert!(
        compared > 3 * each && words > 40,
        "{words} replies of some length"
    );
}
