//! Texts that begin alike, computed once where they are, give what each gives in a row of its own.

use candle_core::{Device, Tensor};
use rounds_models::local::transformer::{
    Arithmetic, AttentionMask, Branch, ForwardError, Parameters, TokenBatch, Transformer,
};

use crate::tiny::{largest_difference, lively, values, variants};

/// Loss and gradients of the targets at these places of a batch.
fn results(
    transformer: &Transformer,
    parameters: &Parameters,
    batch: &TokenBatch,
    targets: &[((usize, usize), u32)],
) -> (f32, Vec<Vec<f32>>) {
    let hidden = transformer.forward_hidden(parameters, batch).unwrap();
    let (places, ids): (Vec<_>, Vec<_>) = targets.iter().copied().unzip();
    let nll = transformer
        .token_nll(parameters, &hidden, &places, &ids)
        .unwrap();
    let weights: Vec<f32> = (0..ids.len()).map(|ix| 0.5 + 0.01 * ix as f32).collect();
    let weights = Tensor::from_vec(weights, ids.len(), &Device::Cpu).unwrap();
    let loss = (nll * weights).unwrap().sum_all().unwrap();
    let gradients = loss.backward().unwrap();
    let gradients = parameters
        .iter()
        .map(|(_, var)| values(gradients.get(var).unwrap()));
    (loss.to_scalar().unwrap(), gradients.collect())
}

#[test]
fn branches_give_what_rows_of_their_own_give() {
    let mut worst = 0.0_f32;
    for (name, config) in variants() {
        let id = |row: usize, at: usize| ((at * 7 + row * at * at + 3) % config.vocab_size) as u32;
        // Every text but the first goes on from 0, 13, 26 … tokens of the one before it, and all
        // together are longer than the queries that are computed together.
        let mut texts: Vec<Vec<u32>> = Vec::new();
        let mut branches = Vec::new();
        for row in 0..9 {
            let alone = config.mask == AttentionMask::Bidirectional;
            let shared = if alone { 0 } else { row * 13 % 24 };
            let mut text = texts
                .last()
                .map_or_else(Vec::new, |last| last[..shared].to_vec());
            text.extend((shared..24 + row % 3).map(|at| id(row, at)));
            branches.push((row > 0).then_some((row.saturating_sub(1), shared)));
            texts.push(text);
        }
        let rows = TokenBatch::new(&texts, 0).unwrap();
        let tree: Vec<Branch<'_>> = branches
            .iter()
            .zip(&texts)
            .map(|(after, text)| Branch {
                after: *after,
                tokens: &text[after.map_or(0, |(_, tokens)| tokens)..],
            })
            .collect();
        let tree = TokenBatch::of_branches(&tree).unwrap();
        let (mut in_rows, mut in_tree) = (Vec::new(), Vec::new());
        let (mut places, mut end) = (Vec::<usize>::new(), 0);
        for (row, text) in texts.iter().enumerate() {
            places.truncate(branches[row].map_or(0, |(_, tokens)| tokens));
            let new = text.len() - places.len();
            places.extend(end..end + new);
            end += new;
            for at in 0..text.len() - 1 {
                in_rows.push(((row, at), text[at + 1]));
                in_tree.push(((0, places[at]), text[at + 1]));
            }
        }
        let parameters = lively(&config, 3);
        for arithmetic in [Arithmetic::Primitive, Arithmetic::Fused] {
            let transformer = Transformer::new(config.clone()).unwrap();
            let transformer = transformer.with_arithmetic(arithmetic);
            let expected = results(&transformer, &parameters, &rows, &in_rows);
            let found = results(&transformer, &parameters, &tree, &in_tree);
            assert!(
                (expected.0 - found.0).abs() < 1e-4 * expected.0,
                "{name}, {arithmetic:?}: losses {} and {}",
                expected.0,
                found.0
            );
            for (expected, found) in expected.1.iter().zip(&found.1) {
                let most = expected.iter().fold(1e-3_f32, |most, x| most.max(x.abs()));
                worst = worst.max(largest_difference(expected, found) / most);
            }
            assert!(worst < 1e-4, "{name}, {arithmetic:?}: {worst}");
        }
    }
    println!("gradients differ by at most {worst:e} of their largest");
}

#[test]
fn what_cannot_be_shared_is_refused() {
    let (first, second) = ([1, 2, 3], [4]);
    let branches = |after| {
        let texts = [(None, &first[..]), (after, &second[..])];
        let branches = texts.map(|(after, tokens)| Branch { after, tokens });
        TokenBatch::of_branches(&branches)
    };
    let error = branches(Some((0, 4))).unwrap_err().to_string();
    assert_eq!(
        error,
        "batch: branch 1: there are no 4 tokens of an earlier branch 0"
    );
    for (name, config) in variants() {
        let parameters = lively(&config, 1);
        let context = config.context;
        let mask = config.mask;
        let transformer = Transformer::new(config).unwrap();
        let shared = transformer.forward(&parameters, &branches(Some((0, 3))).unwrap());
        if mask == AttentionMask::Bidirectional {
            assert!(matches!(shared, Err(ForwardError::SharedBeginning)));
            continue;
        }
        assert_eq!(shared.unwrap().dims()[1], 4, "{name}");
        // Texts, and not what stands in a row, have to fit into the context.
        let text = vec![1; context];
        let of = |after| {
            let branch = |after| Branch {
                after,
                tokens: &text,
            };
            let batch = TokenBatch::of_branches(&[branch(None), branch(after)]).unwrap();
            transformer.forward(&parameters, &batch)
        };
        assert!(of(None).is_ok(), "{name}");
        assert!(matches!(
            of(Some((0, 1))),
            Err(ForwardError::TooLong { length, .. }) if length == context + 1
        ));
    }
}
