//! Dropout, factors of hidden units and taps, and what is refused.

use std::sync::Arc;

use rounds_models::Threads;
use rounds_models::trajectory::{
    Architecture, Parameters, PassOptions, Predictor, TrajectoryConfig, TrajectoryError,
    TrajectoryModel, Workspace,
};

use crate::cases::Rows;
use crate::properties::predictions;
use crate::small::{all, numbers, parameters, rows};

#[test]
fn units_that_are_taken_out_do_not_matter_and_taps_show_them() {
    for (name, config) in all() {
        let model = TrajectoryModel::new(config.clone()).unwrap();
        let mut parameters = parameters(&config, 3);
        let rows = rows(&config, 2, 0);
        let mut factors = vec![vec![1.0; model.units()]; config.layers];
        factors[0][1] = 0.0;
        let mut workspace = Workspace::new(Threads::new(1));
        let options = PassOptions {
            dropout: None,
            unit_factors: Some(&factors),
        };
        let pass = model.forward(&mut workspace, &parameters, rows.inputs(), options);
        let pass = pass.unwrap();
        let out = pass.predictions().to_vec();
        let units = pass.units(0).unwrap();
        assert_eq!(units.len(), rows.rows * rows.context * model.units());
        assert!(
            units.chunks(model.units()).all(|row| row[1] == 0.0),
            "{name}"
        );
        assert!(
            units.chunks(model.units()).any(|row| row[0] != 0.0),
            "{name}"
        );
        let block = pass.block(config.layers - 1).unwrap();
        assert_eq!(block.len(), rows.rows * rows.context * config.hidden);
        assert!(pass.block(config.layers).is_none());
        let predictor = Predictor::with_unit_factors(
            config.clone(),
            Arc::new(parameters.clone()),
            Some(factors.clone()),
        );
        let last = predictor
            .unwrap()
            .predict(rows.inputs(), &Threads::new(1))
            .unwrap();
        let (k, a) = (config.context, config.action);
        let off = crate::cases::distance(&last[..a], &out[(k - 1) * a..k * a], None);
        assert!(off < 1e-6, "{name}: {off}");
        // The same by weights: nothing comes from the unit.
        let names: Vec<String> = parameters.names().map(str::to_owned).collect();
        let shapes: Vec<Vec<usize>> = parameters.shapes().map(<[usize]>::to_vec).collect();
        let second = [
            "transformer.h.0.mlp.c_proj.weight",
            "transformer.h.0.mlp.2.weight",
            "layers.layers.0.fc2.weight",
            "model.3.weight",
        ];
        let at = names
            .iter()
            .position(|name| second.contains(&name.as_str()))
            .unwrap();
        let inward = shapes[at][0] == model.units() && !names[at].starts_with("model");
        let width = shapes[at][1];
        let values = parameters.values_mut().nth(at).unwrap();
        for row in 0..shapes[at][0] {
            for column in 0..width {
                if (inward && row == 1) || (!inward && column == 1) {
                    values[row * width + column] = 0.0;
                }
            }
        }
        let without = predictions(&config, &parameters, &rows);
        let off = crate::cases::distance(&out, &without, None);
        assert!(off < 1e-6, "{name}: {off}");
    }
}

#[test]
fn dropout_has_the_mean_of_no_dropout_in_a_linear_model() {
    // The mean over many keys of a sum of dropped units is their sum.
    let config = TrajectoryConfig {
        architecture: Architecture::Bc,
        observation: 3,
        action: 1,
        hidden: 64,
        layers: 1,
        context: 1,
        dropout: 0.3,
        ..TrajectoryConfig::default()
    };
    let model = TrajectoryModel::new(config.clone()).unwrap();
    let mut parameters = parameters(&config, 3);
    // Small outputs, where the tangent is the identity.
    for values in parameters.values_mut().skip(2) {
        values.iter_mut().for_each(|value| *value *= 1e-3);
    }
    let rows = rows(&config, 1, 1);
    let mut workspace = Workspace::new(Threads::new(1));
    let mut predict = |dropout| {
        let options = PassOptions {
            dropout,
            unit_factors: None,
        };
        let pass = model.forward(&mut workspace, &parameters, rows.inputs(), options);
        f64::from(pass.unwrap().predictions()[0])
    };
    let plain = predict(None);
    let count = 4000;
    let drawn: Vec<f64> = (0..count).map(|key| predict(Some(key))).collect();
    let mean = drawn.iter().sum::<f64>() / count as f64;
    let square = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count as f64;
    assert!(square > 0.0);
    let deviation = (square / count as f64).sqrt();
    assert!(
        (mean - plain).abs() < 4.0 * deviation,
        "{mean} {plain} {deviation}"
    );
}

#[test]
fn what_does_not_fit_is_refused_with_both_sides() {
    let (_, config) = all().swap_remove(0);
    let model = TrajectoryModel::new(config.clone()).unwrap();
    let good = parameters(&config, 1);
    let rows = rows(&config, 2, 1);
    let mut workspace = Workspace::new(Threads::new(1));
    let mut refuse = |parameters: &Parameters, rows: &Rows, factors: Option<&[Vec<f32>]>| {
        let options = PassOptions {
            dropout: None,
            unit_factors: factors,
        };
        let pass = model.forward(&mut workspace, parameters, rows.inputs(), options);
        pass.map(|_| ()).unwrap_err().to_string()
    };
    let mut short = rows.clone();
    short.states.pop();
    let error = refuse(&good, &short, None);
    assert_eq!(error, "states: expected 60 numbers, got 59");
    let mut hole = rows.clone();
    hole.mask = vec![0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
    assert!(refuse(&good, &hole, None).contains("mask of row 0"));
    let mut empty = rows.clone();
    empty.mask[6..].fill(0.0);
    assert!(refuse(&good, &empty, None).contains("mask of row 1"));
    let mut long = rows.clone();
    long.context = 7;
    assert!(refuse(&good, &long, None).contains("expected 1 to 6, got 7"));
    let mut few = rows.clone();
    few.returns.truncate(11);
    assert!(refuse(&good, &few, None).contains("returns to go"));
    let other = TrajectoryConfig {
        hidden: 16,
        ..config.clone()
    };
    let error = refuse(&parameters(&other, 1), &rows, None);
    assert!(
        error.contains("expected shape [12]") && error.contains("[16]"),
        "{error}"
    );
    let bad = vec![vec![-1.0; 48]; 2];
    assert!(refuse(&good, &rows, Some(&bad)).contains("hidden unit"));
    assert!(refuse(&good, &rows, Some(&bad[..1])).contains("hidden units"));
    let tensors = || {
        let each = good.names().zip(good.shapes()).zip(good.values());
        each.map(|((name, shape), values)| (name.to_owned(), shape.to_vec(), values.clone()))
    };
    assert_eq!(model.parameters(tensors()).unwrap(), good);
    let unused = ("predict_state.weight".to_owned(), vec![1], vec![0.0]);
    assert_eq!(model.parameters(tensors().chain([unused])).unwrap(), good);
    let strange = ("predict.weight".to_owned(), vec![1], vec![0.0]);
    let error = model.parameters(tensors().chain([strange])).unwrap_err();
    assert!(matches!(error, TrajectoryError::Unknown { name } if name == "predict.weight"));
    let error = model.parameters(tensors().skip(1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "tensor transformer.h.0.ln_1.weight is missing"
    );
    let weights = numbers(3, 1);
    let options = PassOptions::default();
    let pass = model.forward(&mut workspace, &good, rows.inputs(), options);
    let mut gradients = good.zeros();
    assert!(pass.unwrap().backward(&weights, &mut gradients).is_err());
}
