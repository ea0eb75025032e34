//! Predictions against the published implementations.

use std::sync::Arc;

use rounds_environments::streams::RunSeed;
use rounds_models::Threads;
use rounds_models::trajectory::{
    Architecture, Parameters, PassOptions, Predictor, RelationLookup, TrajectoryConfig,
    TrajectoryModel, Workspace,
};
use serde_json::Value;

use crate::cases::{Rows, config, distance, file, numbers, weights};

/// Compares predictions of all steps and actions of histories; returns how far off the worst was.
fn check(
    config: &TrajectoryConfig,
    case: &Value,
    predictions: &str,
    histories: Option<&str>,
) -> f32 {
    let model = TrajectoryModel::new(config.clone()).unwrap();
    let parameters = weights(&model, case);
    let rows = Rows::of(&case["inputs"]);
    let mut workspace = Workspace::new(Threads::new(1));
    let options = PassOptions::default();
    let pass = model.forward(&mut workspace, &parameters, rows.inputs(), options);
    let pass = pass.unwrap();
    let mask = (config.architecture == Architecture::Dt).then_some(&rows.mask[..]);
    let expected = numbers(&case[predictions]);
    let mut worst = distance(pass.predictions(), &expected, mask);
    let predictor = Predictor::new(config.clone(), Arc::new(parameters)).unwrap();
    let last = predictor.predict(rows.inputs(), &Threads::new(1)).unwrap();
    let ends = expected.chunks(rows.context * config.action);
    let ends: Vec<f32> = ends
        .flat_map(|row| row[row.len() - config.action..].to_vec())
        .collect();
    worst = worst.max(distance(&last, &ends, None));
    for history in histories
        .iter()
        .flat_map(|name| case[name].as_array().unwrap())
    {
        let rows = Rows::history(history, config);
        let action = predictor.predict(rows.inputs(), &Threads::new(1)).unwrap();
        worst = worst.max(distance(&action, &numbers(&history["action"]), None));
    }
    worst
}

fn cases(file: &Value) -> &[Value] {
    file["cases"].as_array().expect("cases")
}

#[test]
fn golden_transformer_and_convformer_predict_as_published() {
    for name in ["dt_tiny.json", "dc_tiny.json"] {
        let Some(vectors) = file(name) else { continue };
        let mut read = 0;
        for case in cases(&vectors) {
            let off = check(
                &config(name, case),
                case,
                "action_preds",
                Some("get_action"),
            );
            println!("{name} case {read}: off by {off:e}");
            assert!(off < 1e-5, "{name} case {read}: {off:e}");
            read += 1;
        }
        println!("{name}: {read} cases");
        assert!(read > 0);
    }
}

#[test]
fn golden_graph_transformers_predict_as_published_and_with_edges() {
    let name = "gdt_tiny.json";
    let Some(vectors) = file(name) else { return };
    let mut read = 0;
    for case in cases(&vectors) {
        for (relation_lookup, predictions, histories) in [
            (
                RelationLookup::Official,
                "action_preds_official",
                Some("get_action_official"),
            ),
            (
                RelationLookup::Corrected,
                "action_preds_corrected_edges",
                None,
            ),
        ] {
            let config = TrajectoryConfig {
                relation_lookup,
                ..config(name, case)
            };
            let off = check(&config, case, predictions, histories);
            println!("{name} case {read}, {relation_lookup:?}: off by {off:e}");
            assert!(
                off < 2e-5,
                "{name} case {read}, {relation_lookup:?}: {off:e}"
            );
        }
        read += 1;
    }
    println!("{name}: {read} cases");
    assert!(read > 0);
}

#[test]
fn golden_numbers_of_parameters_are_those_published() {
    let mut read = 0;
    for (name, architecture) in [
        ("dt_tiny.json", Architecture::Dt),
        ("dc_tiny.json", Architecture::Dc),
        ("gdt_tiny.json", Architecture::Gdt),
    ] {
        let Some(vectors) = file(name) else { continue };
        let published = &vectors["hopper_default_param_count"];
        let config = TrajectoryConfig::published(architecture);
        let parameters = Parameters::random(&config, RunSeed(1)).unwrap();
        // Two heads that no prediction needs are counted with those of the graph model.
        let unused = match architecture {
            Architecture::Gdt => (config.hidden + 1) * (config.observation + 1),
            _ => 0,
        };
        let count = (parameters.count() + unused) as u64;
        let expected = published.get("without_unused").unwrap_or(published);
        assert_eq!(Some(count), expected.as_u64(), "{name}");
        read += 1;
    }
    println!("{read} numbers of parameters");
    assert!(read > 0 || std::env::var_os("ROUNDS_GOLDEN").is_some());
}
