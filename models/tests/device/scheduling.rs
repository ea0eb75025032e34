//! Many sequences over small and large caches of the device.

use std::collections::BTreeMap;

use rounds_models::local::cpu::{Scheduler, SchedulerOptions, SequenceId};
use rounds_models::local::device::{DeviceBlocks, DeviceModel};

use crate::models::{cache, distance, exact};
use crate::vectors::argmax;

/// Rows of a request, and the tokens chosen.
type Course = (Vec<Vec<f32>>, Vec<u32>);

fn scheduler(model: &DeviceModel, blocks: usize) -> Scheduler<DeviceBlocks> {
    let options = SchedulerOptions {
        token_budget: 64,
        ..SchedulerOptions::default()
    };
    Scheduler::new(cache(model, blocks, 16), options)
}

/// Runs all prompts greedily.
fn run(
    model: &DeviceModel,
    scheduler: &mut Scheduler<DeviceBlocks>,
    requests: &[(Vec<u32>, usize)],
) -> Vec<Course> {
    let mut courses: Vec<Course> = vec![(Vec::new(), Vec::new()); requests.len()];
    let mut open: BTreeMap<SequenceId, usize> = BTreeMap::new();
    for (i, (prompt, new)) in requests.iter().enumerate() {
        let id = scheduler.submit(model, prompt, *new);
        open.insert(id.expect("the request fits"), i);
    }
    while !open.is_empty() {
        for (id, row) in scheduler.step(model).expect("a step") {
            let i = open[&id];
            let token = argmax(&row);
            courses[i].0.push(row);
            courses[i].1.push(token);
            if courses[i].1.len() == requests[i].1 {
                scheduler.finish(id).expect("it is there");
                open.remove(&id);
            } else {
                scheduler.push(model, id, &[token]).expect("it was asked");
            }
        }
        scheduler.cache().check().expect("no leak");
    }
    let blocks = scheduler.cache().shape().blocks;
    assert_eq!(scheduler.cache().free_blocks(), blocks);
    courses
}

#[test]
fn twenty_requests_in_eight_blocks_get_what_each_gets_alone() {
    for name in ["llama", "gemma2"] {
        let Some(model) = exact(name) else { return };
        let requests: Vec<(Vec<u32>, usize)> = (0..20)
            .map(|i| {
                // The first half is common to all kinds.
                let kind = i as u32 % 4;
                let token = |k: usize| (k as u32 * 53 + if k > 12 { kind * 31 } else { 0 }) % 256;
                ((0..3 + i * 7 % 40).map(token).collect(), 5 + i * 5 % 30)
            })
            .collect();
        let mut small = scheduler(&model, 8);
        let together = run(&model, &mut small, &requests);
        assert!(
            small.counters().preemptions > 0,
            "the small pool must preempt"
        );
        let counters = small.cache_counters();
        assert!(
            counters.found > 0,
            "beginnings must be shared: {counters:?}"
        );
        for (request, (rows, tokens)) in requests.iter().zip(&together) {
            let alone = run(
                &model,
                &mut scheduler(&model, 32),
                std::slice::from_ref(request),
            );
            assert_eq!(tokens, &alone[0].1, "{name}");
            for (row, expected) in rows.iter().zip(&alone[0].0) {
                let off = distance(row, expected);
                assert!(off <= 5e-5, "{name}: {off}");
            }
        }
    }
}
