//! Many sequences over small and large caches.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rounds_models::local::cpu::{CpuModel, Scheduler, SchedulerOptions, SequenceId, SubmitError};

use crate::vectors::{argmax, bits, cache, model};

/// A request: when it comes, its prompt, and how many tokens it gets.
#[derive(Debug, Clone)]
struct Request {
    arrival: usize,
    prompt: Vec<u32>,
    new: usize,
}

/// What happened: for each request its rows' bits.
type Rows = Vec<Vec<Vec<u32>>>;

fn scheduler(model: &CpuModel, blocks: usize, block_size: usize, budget: usize) -> Scheduler {
    let options = SchedulerOptions {
        token_budget: budget,
        ..SchedulerOptions::default()
    };
    Scheduler::new(cache(model, blocks, block_size), options)
}

/// Runs all requests greedily; the cache must be whole after each step, and empty at the end.
fn run(model: &CpuModel, scheduler: &mut Scheduler, requests: &[Request]) -> Rows {
    let mut rows: Rows = vec![Vec::new(); requests.len()];
    let mut open: BTreeMap<SequenceId, usize> = BTreeMap::new();
    let mut sent = vec![false; requests.len()];
    for step in 0.. {
        assert!(step < 10_000, "the scheduler does not come to an end");
        for (i, request) in requests.iter().enumerate() {
            if !sent[i] && request.arrival <= step {
                sent[i] = true;
                let id = scheduler
                    .submit(model, &request.prompt, request.new)
                    .expect("the request fits");
                open.insert(id, i);
            }
        }
        for (id, row) in scheduler.step(model).expect("a step") {
            let i = open[&id];
            rows[i].push(bits(&row));
            if rows[i].len() == requests[i].new {
                scheduler.finish(id).expect("it is there");
                open.remove(&id);
            } else {
                scheduler
                    .push(model, id, &[argmax(&row)])
                    .expect("it was asked");
            }
        }
        scheduler.cache().check().expect("no leak");
        if open.is_empty() && sent.iter().all(|sent| *sent) {
            break;
        }
    }
    assert!(scheduler.is_empty() && scheduler.cache().is_empty());
    let blocks = scheduler.cache().shape().blocks;
    assert_eq!(scheduler.cache().free_blocks(), blocks);
    rows
}

/// Each request in a scheduler of its own.
fn alone(model: &CpuModel, requests: &[Request]) -> Rows {
    let one = |request: &Request| {
        let request = Request {
            arrival: 0,
            ..request.clone()
        };
        run(model, &mut scheduler(model, 32, 16, 1000), &[request]).remove(0)
    };
    requests.iter().map(one).collect()
}

fn prompt(length: usize, kind: u32) -> Vec<u32> {
    // The first half is common to all kinds.
    let token = |i: usize| (i as u32 * 53 + if i > 12 { kind * 31 } else { 0 }) % 256;
    (0..length).map(token).collect()
}

#[test]
fn twenty_requests_finish_in_eight_blocks_as_in_many() {
    let Some(model) = model("llama") else { return };
    let requests: Vec<Request> = (0..20)
        .map(|i| Request {
            arrival: i / 3,
            prompt: prompt(3 + i * 7 % 40, i as u32 % 4),
            new: 5 + i * 5 % 30,
        })
        .collect();
    let expected = alone(&model, &requests);
    let mut small = scheduler(&model, 8, 16, 64);
    assert!(
        run(&model, &mut small, &requests) == expected,
        "in eight blocks"
    );
    assert!(
        small.counters().preemptions > 0,
        "the small pool must preempt"
    );
    let mut large = scheduler(&model, 256, 16, 64);
    assert!(
        run(&model, &mut large, &requests) == expected,
        "in 256 blocks"
    );
    assert_eq!(large.counters().preemptions, 0);
}

#[test]
fn a_prefix_in_the_making_is_waited_for() {
    let Some(model) = model("qwen3") else { return };
    let requests: Vec<Request> = (0..6)
        .map(|i| Request {
            arrival: 0,
            prompt: [prompt(64, 1), vec![i; 3]].concat(),
            new: 2,
        })
        .collect();
    let mut scheduler = scheduler(&model, 64, 16, 24);
    let rows = run(&model, &mut scheduler, &requests);
    assert!(rows == alone(&model, &requests));
    let counters = scheduler.cache_counters();
    assert_eq!((counters.asked, counters.found), (6 * 67, 5 * 64));
    // The shared part ran once.
    assert_eq!(scheduler.counters().tokens, 64 + 6 * 3 + 6);
}

#[test]
fn what_can_never_fit_is_refused() {
    let Some(model) = model("llama") else { return };
    let mut scheduler = scheduler(&model, 4, 16, 64);
    let refused = scheduler.submit(&model, &prompt(40, 0), 26);
    let (tokens, capacity) = (66, 64);
    assert_eq!(refused, Err(SubmitError::TooLong { tokens, capacity }));
    assert_eq!(scheduler.submit(&model, &[], 1), Err(SubmitError::Empty));
    let (token, vocab) = (260, 260);
    assert_eq!(
        scheduler.submit(&model, &[260], 1),
        Err(SubmitError::Token { token, vocab })
    );
    let id = scheduler.submit(&model, &prompt(40, 0), 25).unwrap();
    assert_eq!(
        scheduler.push(&model, id, &[1]),
        Err(SubmitError::NotAsked(id))
    );
    let unknown = SequenceId(9);
    assert_eq!(
        scheduler.finish(unknown),
        Err(SubmitError::Unknown(unknown))
    );
    assert_eq!(scheduler.finish(id).unwrap().len(), 40);
    assert_eq!(scheduler.step(&model), Ok(Vec::new()));
}

#[test]
fn several_tokens_can_follow_at_once() {
    let Some(model) = model("llama") else { return };
    let mut one = scheduler(&model, 8, 16, 64);
    let id = one.submit(&model, &prompt(9, 0), 10).unwrap();
    one.step(&model).unwrap();
    one.push(&model, id, &[4, 5, 6]).unwrap();
    let row = one.step(&model).unwrap().remove(0).1;
    let mut other = scheduler(&model, 8, 16, 64);
    other
        .submit(&model, &[&prompt(9, 0)[..], &[4, 5, 6]].concat(), 1)
        .unwrap();
    assert_eq!(bits(&row), bits(&other.step(&model).unwrap()[0].1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn rows_do_not_depend_on_company(
        requests in prop::collection::vec(
            (0usize..20, 1usize..60, 1usize..20, 0u32..4), 1..16,
        ),
        blocks in 5usize..20, budget in 1usize..80, windowed in any::<bool>(),
    ) {
        let name = if windowed { "gemma2" } else { "llama" };
        let Some(model) = model(name) else { return Ok(()) };
        let requests: Vec<Request> = requests
            .into_iter()
            .map(|(arrival, length, new, kind)| Request {
                arrival,
                prompt: prompt(length, kind),
                new,
            })
            .collect();
        let got = run(&model, &mut scheduler(&model, blocks, 16, budget), &requests);
        prop_assert!(got == alone(&model, &requests));
    }
}
