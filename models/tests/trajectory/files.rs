//! Files of models.

use std::collections::HashMap;
use std::path::Path;

use rounds_environments::control::data::{ActionMap, Normaliser};
use rounds_environments::control::{Actions, Space};
use rounds_models::trajectory::{
    ModelHeader, Parameters, TrajectoryConfig, TrajectoryError, load, load_published, save,
};
use safetensors::tensor::{Dtype, TensorView};

use crate::small::{all, parameters};

fn header(config: &TrajectoryConfig) -> ModelHeader {
    ModelHeader {
        config: config.clone(),
        environment: "pendulum".into(),
        normaliser: Normaliser {
            mean: vec![0.25; config.observation],
            std: vec![0.1; config.observation],
        },
        action_map: Some(ActionMap::of(&Actions::cube(config.action, -2.0, 2.0))),
        return_scale: 1000.0,
        reference: None,
    }
}

fn all_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[test]
fn what_is_saved_is_loaded_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    for (name, config) in all() {
        let path = folder.path().join("model.safetensors");
        let (header, parameters) = (header(&config), parameters(&config, 5));
        save(&path, &header, &parameters).unwrap();
        let first = std::fs::read(&path).unwrap();
        let (read, values) = load(&path).unwrap();
        assert_eq!((&read, &values), (&header, &parameters), "{name}");
        assert_eq!(
            load_published(&path, &config).unwrap(),
            parameters,
            "{name}"
        );
        save(&path, &read, &values).unwrap();
        assert_eq!(first, std::fs::read(&path).unwrap(), "{name}");
    }
}

/// Writes tensors as other programs do.
fn write(path: &Path, parameters: &Parameters, more: &[(&str, &[usize], f32)]) {
    let bytes = |values: &[f32]| -> Vec<u8> {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    };
    let own = parameters
        .names()
        .zip(parameters.shapes())
        .zip(parameters.values());
    let mut all: Vec<(String, Vec<usize>, Vec<u8>)> = own
        .map(|((name, shape), values)| (name.to_owned(), shape.to_vec(), bytes(values)))
        .collect();
    for (name, shape, value) in more {
        all.retain(|(other, ..)| other != name);
        let count = shape.iter().product();
        all.push((
            (*name).to_owned(),
            shape.to_vec(),
            bytes(&vec![*value; count]),
        ));
    }
    let views = all.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
        (name.as_str(), view)
    });
    safetensors::serialize_to_file(views, None::<HashMap<String, String>>, path).unwrap();
}

#[test]
fn published_weights_load_without_what_no_prediction_needs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("published.safetensors");
    let (_, config) = all().swap_remove(0);
    let parameters = parameters(&config, 5);
    let unused: [(&str, &[usize], f32); 3] = [
        ("predict_state.weight", &[5, 12], 0.5),
        ("predict_return.bias", &[1], 0.5),
        ("transformer.wte.weight", &[1, 12], 0.5),
    ];
    write(&path, &parameters, &unused);
    assert_eq!(load_published(&path, &config).unwrap(), parameters);
    for (more, expected) in [
        (
            ("transformer.h.9.ln_1.weight", &[12][..], 1.0),
            "h.9.ln_1.weight is not one",
        ),
        (
            ("embed_ln.bias", &[11][..], 1.0),
            "embed_ln.bias: expected shape [12], got [11]",
        ),
        (
            ("embed_ln.bias", &[12][..], f32::NAN),
            "embed_ln.bias: expected finite numbers",
        ),
    ] {
        write(&path, &parameters, &[more]);
        let error = all_causes(&load_published(&path, &config).unwrap_err());
        assert!(
            error.contains(expected) && error.contains("published"),
            "{error}"
        );
    }
    let error = all_causes(&load(&path).unwrap_err());
    assert!(error.contains("without a header of ours"), "{error}");
}

#[test]
fn files_and_headers_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let (_, config) = all().swap_remove(0);
    let good = header(&config);
    let values = parameters(&config, 1);
    assert!(matches!(load(&path), Err(TrajectoryError::Io { .. })));
    std::fs::write(&path, b"not a model").unwrap();
    assert!(matches!(load(&path), Err(TrajectoryError::Format { .. })));
    save(&path, &good, &values).unwrap();
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    assert!(matches!(load(&path), Err(TrajectoryError::Format { .. })));
    type Change = fn(&mut ModelHeader);
    let changes: [(Change, &str); 4] = [
        (|header| header.return_scale = 0.0, "return_scale"),
        (|header| header.normaliser.std[1] = 0.0, "normaliser.std"),
        (
            |header| header.normaliser.mean.clear(),
            "normaliser.mean: expected 5 numbers, got 0",
        ),
        (
            |header| header.config.hidden = 16,
            "expected shape [16], got [12]",
        ),
    ];
    for (change, expected) in changes {
        let mut header = good.clone();
        change(&mut header);
        let error = all_causes(&save(&path, &header, &values).unwrap_err());
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn an_environment_of_another_size_is_named_with_both_sizes() {
    let (_, config) = all().swap_remove(0);
    let header = header(&config);
    let space = |observed, size| Space {
        name: "walker",
        observed,
        actions: Actions::cube(size, -1.0, 1.0),
        step_limit: 10,
        minutes: 1.0,
    };
    let five = &["a", "b", "c", "d", "e"];
    header.check_space(&space(five, 3)).unwrap();
    let error = header
        .check_space(&space(&five[..4], 3))
        .unwrap_err()
        .to_string();
    let expected = "numbers in an observation: the model has 5, the environment \"walker\" has 4";
    assert_eq!(error, expected);
    let error = header.check_space(&space(five, 2)).unwrap_err().to_string();
    assert!(
        error.contains("action: the model has 3") && error.contains("has 2"),
        "{error}"
    );
}
